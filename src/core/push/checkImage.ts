import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { digestOf, shortDigest, type Digest } from '../oci/digest.ts';
import { isConfigOf, readDiffIds } from '../oci/imageConfig.ts';
import { readManifest, type Descriptor, type ReadManifest } from '../oci/manifest.ts';
import { isForeignLayer, isImageConfig, isLayer, mediaTypes } from '../oci/mediaTypes.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { LayerProof } from './layerLedger.ts';
import type { Selection } from './chooseManifests.ts';
import { isManifestOf } from './imageIndex.ts';

/** A blob that is in the repository. */
export interface PresentBlob {
  readonly size: number;
  readonly proof: LayerProof;
  /** Of a layer that our own manifest names; undefined where the engine's manifest is the pairing. */
  readonly layer?: { readonly diffId: Digest; readonly mediaType: string };
}

/** Everything that a push is about to publish. */
export interface Publication {
  readonly image: Pick<ImageDetails, 'id' | 'references' | 'diffIds' | 'manifestType'>;
  /** Of the engine's manifests. */
  readonly selection: Selection;
  /** True: the engine's own manifests, byte for byte. */
  readonly isEngineManifest: boolean;
  /** The manifests of an index come before it; the last one is the tag's. */
  readonly manifests: readonly { readonly bytes: Uint8Array; readonly mediaType: string }[];
  /**
   * Bytes of the configs that the manifests name. `unreadable`: the registry has it, the engine did not send it, and the
   * registry's storage cannot be reached from here (Gitea's SERVE_DIRECT); then the engine's manifest is the only proof.
   */
  readonly configs: ReadonlyMap<Digest, Uint8Array | 'unreadable'>;
  /** What the repository has; configs of our own manifests are sent later. */
  readonly blobs: ReadonlyMap<Digest, PresentBlob>;
  /** Manifests that the repository has already. */
  readonly presentManifests: ReadonlySet<Digest>;
}

/**
 * Checks that what is about to be published is one image, whether it was exported or relayed: the manifest can be read, its
 * config is an image config that names the layers of the image, and the layers are the blobs that were proved to be
 * those, in number, order and size. Throws `imageMismatch` otherwise; then the caller publishes nothing.
 */
export function checkImage(publication: Publication): void {
  const { image, manifests, presentManifests } = publication;
  const fail = (what: string, facts: Record<string, string> = {}): never => {
    const name = image.references[0] ?? shortDigest(image.id);
    throw new TeaChestError('imageMismatch', l10n.t`What would be published of ${name} is not one image: ${what}.`, {
      stage: 'verify',
      facts: { image: image.id, ...facts },
    });
  };
  const published = new Set<Digest>(presentManifests);
  let hasItsLayers = image.diffIds.length === 0;
  for (const { bytes, mediaType } of manifests) {
    const digest = digestOf(bytes);
    const manifest = readManifest(bytes);
    if (manifest === undefined) return fail(l10n.t`the manifest ${digest} cannot be read as one`);
    if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType) {
      return fail(l10n.t`the manifest ${digest} says that it is ${manifest.mediaType}, not ${mediaType}`);
    }
    if (manifest.kind === 'index') {
      const missing = manifest.manifests.find((child) => !published.has(child.digest));
      if (missing !== undefined)
        return fail(l10n.t`its index names the manifest ${missing.digest}, which is not there`);
    } else if (checkManifest(digest, manifest, publication, fail)) {
      hasItsLayers = true;
    }
    published.add(digest);
  }
  const top = manifests.at(-1);
  if (top === undefined) return fail(l10n.t('it has no manifest'));
  if (!hasItsLayers) return fail(l10n.t('no manifest of it has the layers that the container engine named'));
  if (publication.isEngineManifest && !isManifestOf(image, publication.selection, digestOf(top.bytes))) {
    fail(l10n.t`the engine pushed the manifest ${digestOf(top.bytes)}, which is not of the image ${image.id}`);
  }
}

type Fail = (what: string) => never;

/** True if its layers are those that `inspect` named. */
function checkManifest(
  digest: Digest,
  { config, layers }: Extract<ReadManifest, { kind: 'image' }>,
  { image, isEngineManifest, configs, blobs }: Publication,
  fail: Fail,
): boolean {
  for (const layer of layers) {
    const blob = blobs.get(layer.digest);
    if (blob === undefined && isEngineManifest && isForeignLayer(layer.mediaType)) continue;
    if (blob === undefined) return fail(l10n.t`nothing proves the layer ${layer.digest} of the manifest ${digest}`);
    if (blob.size !== layer.size) {
      return fail(
        l10n.t`the layer ${layer.digest} has ${blob.size} bytes, and the manifest ${digest} says ${layer.size}`,
      );
    }
  }
  if (isEngineManifest && blobs.get(config.digest) === undefined)
    return fail(l10n.t`the config ${config.digest} is not there`);
  // The config of an artifact names no layers.
  if (isEngineManifest && !isImageConfig(config.mediaType)) return false;
  const bytes = configs.get(config.digest);
  if (bytes === 'unreadable' && isEngineManifest) return image.manifestType !== undefined;
  if (
    bytes === undefined ||
    bytes === 'unreadable' ||
    digestOf(bytes) !== config.digest ||
    bytes.byteLength !== config.size
  ) {
    return fail(l10n.t`the config ${config.digest} of the manifest ${digest} could not be read, or has other bytes`);
  }
  const diffIds = readDiffIds(bytes);
  if (diffIds === undefined) return fail(l10n.t`what the manifest ${digest} names as its config is no image config`);
  // An attestation of BuildKit is listed as a layer, but is none.
  const hasLayersOnly = layers.every(({ mediaType }) => isLayer(mediaType));
  if (hasLayersOnly && diffIds.length !== layers.length) {
    return fail(l10n.t`the config names ${diffIds.length} layers, and the manifest ${digest} has ${layers.length}`);
  }
  if (!isEngineManifest) checkPairs(layers, diffIds, blobs, fail);
  return isConfigOf(bytes, image.diffIds);
}

/** Each layer of our own manifest is the blob of its diffID, with the media type that its bytes have. */
function checkPairs(
  layers: readonly Descriptor[],
  diffIds: readonly Digest[],
  blobs: Publication['blobs'],
  fail: Fail,
): void {
  layers.forEach(({ digest, mediaType }, at) => {
    const proved = blobs.get(digest)?.layer;
    if (proved?.diffId !== diffIds[at])
      fail(l10n.t`the blob ${digest} is not proved to be layer ${at + 1}, ${String(diffIds[at])}`);
    const isTar = digest === diffIds[at];
    if (mediaType !== proved?.mediaType || isTar !== (mediaType === mediaTypes.ociLayer)) {
      fail(l10n.t`the blob ${digest} is not what ${mediaType} says`);
    }
  });
}
