import { digestOf, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { isImageConfig } from '../../oci/mediaTypes.ts';
import type { EngineManifest } from '../../ports/imageSource.ts';
import { selectedManifests } from '../chooseManifests.ts';
import { publishedKey } from '../imageIndex.ts';
import { StoredManifests } from '../stored/storedManifests.ts';
import { findBlobs } from './askRegistry.ts';
import type { PlanContext } from './planContext.ts';
import type { FoundLayer } from './planUnpacked.ts';

/** What a published manifest refers to. */
export interface StoredPart {
  readonly digest: Digest;
  /** As the engine lists it; undefined where it lists none. */
  readonly manifest?: EngineManifest | undefined;
  /** Undefined: nobody but the engine has the manifest, and the engine gives it only with the blobs. */
  readonly layers?: readonly FoundLayer[] | undefined;
}

/**
 * The parts of an image of an engine that stores blobs. Its API does not give manifests: they are read from the registry,
 * where it has them, by their digests, or known from an earlier push.
 */
export async function planStored(context: PlanContext): Promise<readonly StoredPart[]> {
  const { image, selection } = context;
  const listed =
    selection.kind === 'manifest' ? [selection.manifest] : selectedManifests(image, selection).filter(isHere);
  const parts =
    listed.length > 0 ? listed.map((manifest) => ({ digest: manifest.digest, manifest })) : [{ digest: image.id }];
  const graphs = await Promise.all(parts.map(({ digest }) => readBlobs(context, digest)));
  const known = graphs.map(
    (blobs, at) => blobs ?? (parts.length === 1 && at === 0 ? publishedLayers(context) : undefined),
  );
  const places = await findBlobs(
    context,
    known.flatMap((blobs) => blobs ?? []),
  );
  return parts.map((part, at) => {
    const layers = known[at]?.map((descriptor): FoundLayer => ({
      descriptor,
      diffId: diffIdOf(context, known[at] ?? [], descriptor),
      ...(places.get(descriptor.digest) ?? { state: 'send' }),
    }));
    return { ...part, layers };
  });
}

function isNoConfig({ mediaType }: Descriptor): boolean {
  return !isImageConfig(mediaType);
}

function isHere({ isAvailable }: EngineManifest): boolean {
  return isAvailable;
}

/** The layers behind a manifest or an index that the repository has. Undefined if it lacks a manifest. */
async function readBlobs({ target, signal }: PlanContext, top: Digest): Promise<readonly Descriptor[] | undefined> {
  const manifests = new StoredManifests();
  let asked: readonly Digest[] = [top];
  for (;;) {
    const found = await Promise.all(
      asked.map(async (digest) => {
        const bytes = await target.getManifest(digest, { signal });
        if (bytes === undefined || digestOf(bytes) !== digest) return false;
        return manifests.add(digest, Buffer.from(bytes));
      }),
    );
    if (found.includes(false)) return undefined;
    const graph = manifests.graphOf({ digest: top, mediaType: undefined });
    if (graph.absent.length === 0) return [...graph.blobs.values()].filter(isNoConfig);
    asked = graph.absent;
  }
}

/** As an earlier push of the same manifest found them, wherever it went. */
function publishedLayers({ cache, image, selection }: PlanContext): readonly Descriptor[] | undefined {
  const key = publishedKey(image, selection);
  const layers = key === undefined ? undefined : cache.published(key)?.layers;
  return layers === undefined || layers.length === 0 ? undefined : layers;
}

/** A manifest names the layers in the order of the diffIDs. Undefined for a manifest that the engine has not described. */
function diffIdOf({ image }: PlanContext, layers: readonly Descriptor[], layer: Descriptor): Digest | undefined {
  const diffIds = [...new Set(image.diffIds)];
  return layers.length === diffIds.length ? diffIds[layers.indexOf(layer)] : undefined;
}
