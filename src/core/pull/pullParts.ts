import type { Logger } from '../base/logger.ts';
import type { Digest } from '../oci/digest.ts';
import type { EnginePuller } from '../ports/enginePuller.ts';
import type { ImageRepository } from '../ports/imageRepository.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { RelayParts } from '../relay/pushFromEngine.ts';
import type { PullRegistry } from './choosePullWays.ts';
import type { PullEvent } from './pullEvents.ts';
import type { PullReference } from './pullReference.ts';

export interface PullRequest {
  readonly reference: PullReference;
  /** `linux/arm64`; undefined: the engine's own. */
  readonly platform?: string | undefined;
  /** The tag stands for another image in the engine. False: it stays, and the pull ends with `cancelled`. */
  readonly mayMoveTag: (move: TagMove) => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PullEvent) => void;
}

/** A tag of the engine that the pull would move. */
export interface TagMove {
  readonly reference: string;
  readonly current: ImageDetails;
  /** What the registry has under the reference. */
  readonly digest: Digest;
}

export interface PullParts {
  readonly puller: EnginePuller;
  readonly repository: ImageRepository;
  readonly registry: PullRegistry;
  /** For the registry; undefined if it needs none. */
  readonly credential: { readonly username: string; readonly secret: string } | undefined;
  /** Undefined if the endpoint could not be opened. */
  readonly relay: Pick<RelayParts, 'endpoint' | 'reachability'> | undefined;
  readonly logger: Logger;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}
