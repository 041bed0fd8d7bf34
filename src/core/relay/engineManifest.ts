import * as v from 'valibot';
import { lenient, listOf, parseJson } from '../base/json.ts';
import type { Digest } from '../oci/digest.ts';
import { descriptor } from '../oci/manifest.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { RelayedManifest } from './relayBackend.ts';

/** What a manifest or an index refers to. */
const references = v.object({
  config: lenient(descriptor),
  layers: listOf(descriptor),
  manifests: listOf(descriptor),
});

export type References = Readonly<v.InferOutput<typeof references>>;

export function readReferences({ bytes }: RelayedManifest): References {
  return parseJson(references, bytes) ?? { layers: [], manifests: [] };
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
