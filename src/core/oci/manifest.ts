import type { Digest } from './digest.ts';
import { mediaTypes } from './mediaTypes.ts';

/** OCI image-spec, descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** OCI image-spec, manifest.md. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Builds the manifest and its one serialisation: these bytes are sent, hashed and compared, never made again. */
export function serializeManifest(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: plain(config),
    layers: layers.map(plain),
  };
  return Buffer.from(JSON.stringify(manifest), 'utf8');
}
