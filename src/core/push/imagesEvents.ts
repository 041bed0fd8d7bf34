import type { TeaChestError } from '../base/errors.ts';
import type { LayerStatus, PushEvent, PushResult } from './pushEvents.ts';

/** What became of one of several images. */
export type ImageOutcome =
  | { readonly kind: 'pushed'; readonly result: PushResult; readonly image: PushedImage }
  | { readonly kind: 'failed'; readonly error: TeaChestError };

/** The image that was pushed: a name may stand for another one by now. */
export interface PushedImage {
  /** See `imageIdentity`. */
  readonly identity: string;
  /** When it was built, ISO 8601. */
  readonly createdAt: string | undefined;
}

/** All layers of several images, before bytes move. */
export interface ImagesPlan {
  /** Each distinct layer once, however many images have it. Per registry: another registry needs its own copy. */
  readonly layers: readonly LayerStatus[];
  readonly images: readonly PlannedImage[];
  /** The uncompressed size of all layers together, estimated from the engine's figures for the images. */
  readonly imageBytes: number;
}

export interface PlannedImage {
  /** `host[:port]/owner/name:tag` */
  readonly reference: string;
  /** Indexes in `ImagesPlan.layers`, base first. Empty for an image that has failed already. */
  readonly layers: readonly number[];
}

/** Everything that a push of several images reports while it runs. `index` is the position of the image in the request. */
export type ImagesEvent =
  | { readonly type: 'image'; readonly index: number; readonly event: PushEvent }
  | { readonly type: 'failed'; readonly index: number; readonly error: TeaChestError }
  /** Once: every image is planned or has ended, and the first transfer is about to begin. */
  | { readonly type: 'planned'; readonly plan: ImagesPlan };
