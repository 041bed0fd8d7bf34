import { digestOf, shortDigest, type Digest } from '../../oci/digest.ts';
import { ociLayerType } from '../../oci/mediaTypes.ts';
import type { ImageDetails } from '../../ports/imageSource.ts';
import type { PushRun } from '../pushRun.ts';
import type { BlobForwarder } from './blobForwarder.ts';
import { readReferences } from '../../relay/engineManifest.ts';
import { RelayUnavailable } from '../../relay/pushFromEngine.ts';
import type { RelayedManifest } from '../../relay/relayBackend.ts';

/** An uncompressed layer is a blob whose digest is its diffID. */
export function holdsUncompressed(image: ImageDetails, top: RelayedManifest): boolean {
  return readReferences(top).layers.some(({ digest }, at) => digest === image.diffIds[at]);
}

/**
 * Pairs the layers of a containerd image with what is in the repository now: those that came uncompressed were placed
 * when they had been compressed, the others are the engine's own blobs.
 */
export async function compressUncompressedLayers(
  run: PushRun,
  image: ImageDetails,
  top: RelayedManifest,
  forwarder: BlobForwarder,
  signal: AbortSignal,
): Promise<{ readonly config: Uint8Array; readonly sentConfigBytes: number; readonly engineDigest: Digest }> {
  const { config, layers } = readReferences(top);
  image.diffIds.forEach((diffId, at) => {
    if (run.stored(diffId) !== undefined) return;
    const layer = layers[at];
    const carried = layer && forwarder.blobs.get(layer.digest);
    if (layer === undefined || carried === undefined) {
      throw new RelayUnavailable(`Layer ${shortDigest(diffId)} did not come.`, { isPartial: true });
    }
    const descriptor = { mediaType: ociLayerType(layer.mediaType), digest: layer.digest, size: carried.size };
    run.claim({ diffId, descriptor, proof: 'engineStore' });
    run.statusTable.update(diffId, {
      storedBytes: carried.size,
      sentBytes: carried.how === 'uploaded' ? carried.size : 0,
    });
    run.markStored(diffId, carried.how);
  });
  const bytes = config && (forwarder.small.get(config.digest) ?? (await run.target.getBlob(config.digest, { signal })));
  if (config === undefined || bytes === undefined || digestOf(bytes) !== config.digest) {
    throw new RelayUnavailable('The image’s config is not to be had.', { isPartial: true });
  }
  // Whatever the registry lacked before.
  run.missing.delete(config.digest);
  const isSent = forwarder.blobs.get(config.digest)?.how === 'uploaded';
  return { config: bytes, sentConfigBytes: isSent ? bytes.byteLength : 0, engineDigest: top.digest };
}
