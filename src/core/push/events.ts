import type { Stage } from '../base/errors.ts';
import type { Digest } from '../oci/digest.ts';

/**
 * `waiting` nothing done yet · `reading` out of the engine, being compressed · `uploading` complete on our side, bytes
 * still to send · then one of: `exists` the repository had it · `mounted` taken from elsewhere in the registry ·
 * `uploaded`.
 */
type LayerState = 'waiting' | 'reading' | 'uploading' | 'exists' | 'mounted' | 'uploaded';

/** One distinct layer of the image. All numbers are bytes that were counted, never guessed. */
export interface LayerStatus {
  readonly diffId: Digest;
  readonly state: LayerState;
  /** Uncompressed bytes read out of the engine so far. */
  readonly readBytes: number;
  /** Uncompressed size, once the archive has told it (or a former push remembered it). */
  readonly readTotal: number | undefined;
  /** Compressed bytes made so far. */
  readonly storedBytes: number;
  /** Compressed size, once known. */
  readonly storedTotal: number | undefined;
  /** Compressed bytes that the registry was sent. */
  readonly sentBytes: number;
}

/** Everything a push tells while it runs. Progress is drawn from these and from nothing else. */
export type PushEvent =
  | { readonly type: 'stage'; readonly stage: Stage }
  | { readonly type: 'target'; readonly reference: string }
  /** Before bytes move: one status per distinct layer, base first. `imageBytes` is the engine's own figure for the image. */
  | { readonly type: 'planned'; readonly layers: readonly LayerStatus[]; readonly imageBytes: number }
  /** Bytes received from the engine in all; 0 while the engine still prepares. */
  | { readonly type: 'received'; readonly bytes: number }
  /**
   * What the engine pushes by itself, of blobs that are not known yet to be which layer: bytes that arrived here, that
   * the registry was sent, and that come in all, where the engine says.
   */
  | {
      readonly type: 'relayed';
      readonly storedBytes: number;
      readonly sentBytes: number;
      readonly totalBytes: number | undefined;
    }
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
  /** Stored bytes of layers that the registry took from another repository of its own. */
  readonly mountedBytes: number;
  /** Stored bytes of layers that were already there. */
  readonly skippedBytes: number;
  readonly durationMs: number;
  /** How the bytes left the engine: `none` when none had to. */
  readonly strategy: PushStrategy;
  /** What the container engine said of what it pushed that a person should know: whole sentences, plain text. */
  readonly notices: readonly string[];
  /** The engine's own digest of the image, where stored layers were compressed and `digest` is another one. */
  readonly engineDigest?: Digest;
}

export type PushStrategy = 'none' | 'export' | 'relay';
