import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';

/**
 * How it is known that a stored blob is a layer. A pair that only a registry's tag names has none of these: so it cannot
 * be published, see `proveLearned`.
 */
export type LayerProof =
  /** In this push its bytes were hashed here, uncompressed and as they are stored. */
  | 'hashedHere'
  /** It was read back from the registry and hashed, uncompressed and as it is stored. */
  | 'readBack'
  /** It is the engine's own blob of this layer, by the engine's own manifest, which its content store holds by digest. */
  | 'engineStore'
  /** An earlier push of this machine found it out in one of these ways. */
  | 'provedBefore';

/** A layer, the blob that stands for it, and how that is known. */
export interface ProvedLayer {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
  readonly proof: LayerProof;
}
