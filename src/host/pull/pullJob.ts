import type { PullReference } from '../../core/pull/pullReference.ts';
import type { Connection } from '../connections/connection.ts';

/** An image to pull, with everything that was asked and settled. */
export interface PullJob {
  readonly connection: Connection;
  readonly reference: PullReference;
  /** `linux/arm64`; undefined: the engine's own. */
  readonly platform?: string | undefined;
}
