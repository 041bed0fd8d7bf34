import type { Stage } from '../base/errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { UploadPhase } from '../ports/blobTarget.ts';
import type { ImageDetails } from '../ports/imageSource.ts';

/**
 * `waiting` nothing done yet · `reading` out of the engine · `uploading` complete on our side, bytes
 * still to send · then one of: `exists` the repository had it · `mounted` from another repository of the registry ·
 * `uploaded` · `superseded` (a blob's row only): another row counts these bytes.
 */
type LayerState = 'waiting' | 'reading' | 'uploading' | 'exists' | 'mounted' | 'uploaded' | 'superseded';

/**
 * One distinct layer of the image, or one blob that the engine pushes before it is known which layer it is. All numbers
 * are bytes that were counted.
 */
export interface LayerStatus {
  /** Undefined for a blob that may be any layer. */
  readonly diffId: Digest | undefined;
  readonly state: LayerState;
  /** Uncompressed bytes read out of the engine so far. */
  readonly readBytes: number;
  /** Uncompressed size, once the archive has said it (or a former push remembered it). */
  readonly readTotal: number | undefined;
  /** Bytes so far in the stored form: compressed by us, or as the engine sent them. */
  readonly storedBytes: number;
  /** Stored size, once known. */
  readonly storedTotal: number | undefined;
  /** Stored bytes that were written to the connection: see `UploadOptions.onSent`. */
  readonly sentBytes: number;
  /** While it is read: whether it is being compressed, by us or by the engine. Undefined as long as that is not known. */
  readonly isCompressed?: boolean | undefined;
  /** Of the request that uploads it now; undefined if there is none. */
  readonly phase?: UploadPhase | undefined;
  /** What reading it waited for so far. Undefined where that is not measured, as in the engine's own push. */
  readonly waits?: ReadingWaits | undefined;
}

/** Milliseconds. */
export interface ReadingWaits {
  /** For the engine's next bytes. */
  readonly engine: number;
  /** For compressed bytes, while the engine's next ones were there. Zero for what is not compressed here. */
  readonly compression: number;
}

/** What a report of a push says of its image. */
export type InspectedImage = Pick<ImageDetails, 'id' | 'diffIds' | 'platform' | 'size'>;

/** Everything a push reports while it runs. Progress is drawn from these events alone. */
export type PushEvent =
  | { readonly type: 'stage'; readonly stage: Stage }
  | { readonly type: 'target'; readonly reference: string }
  /** The image as the engine describes it, before anything is planned. */
  | { readonly type: 'inspected'; readonly image: InspectedImage }
  /** Before bytes move: one status per distinct layer, base first. `imageBytes` is the engine's own figure for the image. */
  | { readonly type: 'planned'; readonly layers: readonly LayerStatus[]; readonly imageBytes: number }
  /** Bytes of the engine's archive received in all; 0 while the engine still prepares it. */
  | { readonly type: 'received'; readonly bytes: number }
  /** A row of the plan changed, or the next row was added. */
  | { readonly type: 'layer'; readonly index: number; readonly status: LayerStatus }
  | { readonly type: 'done'; readonly result: PushResult };

/** Part of the automation contract (docs/automation.md): keep it stable. */
export interface PushResult {
  /** `host[:port]/owner/name:tag`, as the registry stores it. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Blob bytes this push sent, retries not counted twice. */
  readonly uploadedBytes: number;
  /** Stored bytes of layers that were mounted from another repository of the registry. */
  readonly mountedBytes: number;
  /** Stored bytes of layers that were already there. */
  readonly skippedBytes: number;
  readonly durationMs: number;
  /** How the bytes left the engine: `none` when none had to. */
  readonly strategy: PushStrategy;
  /** What the container engine reports of its push that a person should read: whole sentences, plain text. */
  readonly notices: readonly string[];
  /** The tag was this image already: nothing was sent and nothing was published. */
  readonly isUnchanged?: boolean;
  /** The engine's own digest of the image, where its stored layers were compressed and `digest` is another one. */
  readonly engineDigest?: Digest;
}

export type PushStrategy = 'none' | 'export' | 'relay';
