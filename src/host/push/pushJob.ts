import type { Destination } from '../targets/target.ts';
import type { PushOptions } from './pushArguments.ts';

/** A push with nothing left to ask: adds the image as the engine names it, the connection, and the target in its parts. */
export interface PushJob extends Destination, PushOptions {
  /** A reference or an ID. */
  readonly image: string;
  /** As the person or the command gave it. It may be the beginning of an ID: see `findImage`. */
  readonly requestedImage?: string | undefined;
  /** Nobody may be there to answer a question. */
  readonly isUnattended?: boolean;
}
