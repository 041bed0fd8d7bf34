import type { Digest } from '../oci/digest.ts';

/**
 * How the bytes come into the engine: `engine` it pulls from the registry itself · `relay` it pulls through our endpoint on
 * 127.0.0.1 · `archive` it is given an archive that we read from the registry · `none` it had them.
 */
export type PullWay = 'engine' | 'relay' | 'archive' | 'none';

/** One layer, as the engine or our archive reports it. Bytes are stored ones. */
export interface PulledLayer {
  /** Undefined for a layer that only the engine's report names. */
  readonly digest: Digest | undefined;
  readonly state: 'waiting' | 'downloading' | 'downloaded' | 'unpacking' | 'done' | 'exists';
  readonly receivedBytes: number;
  /** Undefined while nobody has said it. */
  readonly size: number | undefined;
}

/** Everything a pull reports while it runs. Progress is drawn from these events alone. */
export type PullEvent =
  | { readonly type: 'stage'; readonly stage: 'resolve' | 'transfer' | 'check' }
  /** A transfer begins, perhaps after another way has failed. All layers begin anew. */
  | { readonly type: 'way'; readonly way: PullWay; readonly layers: readonly PulledLayer[] }
  /** A row has changed, or the next row was added. */
  | { readonly type: 'layer'; readonly index: number; readonly layer: PulledLayer }
  | { readonly type: 'done'; readonly result: PullResult };

/** Part of the automation contract (docs/automation.md): keep it stable. */
export interface PullResult {
  /** The image's name in the engine. */
  readonly reference: string;
  /** The image's ID in the engine. */
  readonly id: Digest;
  /** What the registry has under the reference: the digest of a manifest or an index. */
  readonly digest: Digest;
  /** Stored bytes of the layers that came from the registry. */
  readonly downloadedBytes: number;
  readonly durationMs: number;
  readonly way: PullWay;
}
