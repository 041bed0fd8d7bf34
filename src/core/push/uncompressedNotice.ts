import * as l10n from '@vscode/l10n';
import { readManifest } from '../oci/manifest.ts';
import { isUncompressedLayer } from '../oci/mediaTypes.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobOrigin } from './repositoryBlobs.ts';

/** Bytes. Compressing less than this saves no time that a person would notice. */
const worthNaming = 8 * 1000 * 1000;

/**
 * The notice for an image whose layers were sent as containerd's store holds them, uncompressed (after `docker load`, say):
 * how many bytes of this push those are, and the setting that compresses them. Undefined for an index: its manifests are
 * always published as they are stored.
 */
export function uncompressedNotice(
  topManifest: Uint8Array,
  blobs: ReadonlyMap<Digest, { readonly size: number; readonly origin: BlobOrigin }>,
): string | undefined {
  const manifest = readManifest(topManifest);
  if (manifest?.kind !== 'image') return undefined;
  const uncompressed = manifest.layers.filter(({ mediaType }) => isUncompressedLayer(mediaType));
  const sent = new Set(
    uncompressed.map(({ digest }) => digest).filter((digest) => blobs.get(digest)?.origin === 'uploaded'),
  );
  const bytes = [...sent].reduce((total, digest) => total + (blobs.get(digest)?.size ?? 0), 0);
  if (bytes < worthNaming) return undefined;
  const size = `${Math.round(bytes / 1e6)} MB`;
  if (sent.size === 1) {
    return l10n.t`One layer (${size}) went out uncompressed, as the container engine stores it. With the setting “teaChest.push.compression” at “gzip” it is compressed, mostly to less than half; the digest is then not the engine’s.`;
  }
  return l10n.t`${sent.size} layers (${size}) went out uncompressed, as the container engine stores them. With the setting “teaChest.push.compression” at “gzip” they are compressed, mostly to less than half; the digest is then not the engine’s.`;
}
