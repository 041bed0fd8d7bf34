import { isDigest, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { RelayedManifest } from './relayBackend.ts';

/** What a manifest or an index refers to. */
export interface References {
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

export function readReferences({ bytes }: RelayedManifest): References {
  const manifest: unknown = JSON.parse(bytes.toString('utf8'));
  const { config, layers, manifests } = manifest as Record<string, unknown>;
  return {
    config: isDescriptor(config) ? config : undefined,
    layers: Array.isArray(layers) ? layers.filter(isDescriptor) : [],
    manifests: Array.isArray(manifests) ? manifests.filter(isDescriptor) : [],
  };
}

/**
 * The digests by which a classic engine calls an image's layers, in the order of its diffIDs: its manifests list all
 * layers, empty ones too, base first. Undefined if the manifest is another image's.
 */
export function layerDigests(manifest: RelayedManifest, image: ImageDetails): readonly Digest[] | undefined {
  const { config, layers } = readReferences(manifest);
  if (config?.digest !== image.id || layers.length !== image.diffIds.length) return undefined;
  return layers.map(({ digest }) => digest);
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { digest, size } = value as Record<string, unknown>;
  return typeof digest === 'string' && isDigest(digest) && typeof size === 'number';
}
