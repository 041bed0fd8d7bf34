import * as l10n from '@vscode/l10n';
import type { Digest } from '../../oci/digest.ts';
import { isUncompressedLayer } from '../../oci/mediaTypes.ts';
import { describePlatform } from '../../oci/platform.ts';
import { selectedManifests } from '../chooseManifests.ts';
import { asksByDigest } from '../planLayers.ts';
import { isListOfImages } from '../pushList.ts';
import { describeLayers, type DescribedLayer } from './describeLayers.ts';
import type { PlanContext } from './planContext.ts';
import { planStored, type StoredPart } from './planStored.ts';
import { planTag } from './planTag.ts';
import { planTransfer } from './planTransfer.ts';
import { planUnpacked } from './planUnpacked.ts';
import type { PlannedManifest, PlannedTag, PlannedTransfer } from './pushPlan.ts';

/** Bytes to send, which several images of a plan may share. */
export interface BytesToSend {
  /** The same key means the same bytes in one registry. */
  readonly key: string;
  /** Undefined if nothing is known of their number. */
  readonly bytes: number | undefined;
  readonly isExact: boolean;
}

/** The plan of one image, before it is compared with those of others. */
export interface PlannedImage {
  readonly tag: PlannedTag;
  readonly manifests: readonly PlannedManifest[];
  readonly layers: readonly DescribedLayer[];
  readonly toSend: readonly BytesToSend[];
  readonly transfer: PlannedTransfer;
  readonly uncompressedBytes: number;
}

/** The layers of an image, and what of them is to be sent. */
interface Part {
  readonly layers: readonly DescribedLayer[];
  readonly toSend: readonly BytesToSend[];
}

/** Says what a push of one image would do. Nothing is changed, in the registry, the engine or the digest cache. */
export async function planImage(context: PlanContext): Promise<PlannedImage> {
  const tag = await planTag(context);
  const parts = await planParts(context);
  const isDone = tag.state === 'same' && context.request.recheck !== true;
  const layers = parts.flatMap((part) => part.layers);
  return {
    ...{ tag, manifests: describeManifests(context), layers },
    toSend: isDone ? [] : parts.flatMap(({ toSend }) => toSend),
    transfer: isDone ? unchanged : await planTransfer(context, layers),
    uncompressedBytes: isDone ? 0 : uncompressedBytes(context, layers),
  };
}

const unchanged: PlannedTransfer = { by: 'none', reason: l10n.t('The tag is this image already.') };

async function planParts(context: PlanContext): Promise<readonly Part[]> {
  if (isListOfImages(context.image)) return await planList(context);
  if (!asksByDigest(context)) {
    const layers = await describeLayers(context, await planUnpacked(context));
    return [{ layers, toSend: layers.flatMap(bytesOf) }];
  }
  return await Promise.all((await planStored(context)).map((part) => describePart(context, part)));
}

/** The images of a list are pushed one by one (podman). */
async function planList(context: PlanContext): Promise<readonly Part[]> {
  const { source, image, selection, signal } = context;
  const parts: Part[] = [];
  for (const manifest of selectedManifests(image, selection)) {
    const child = await source.inspect(manifest.imageId ?? manifest.digest, { signal });
    const one = { ...context, image: child, selection: { kind: 'whole' } } as const;
    const platform = describePlatform(child.platform);
    const described = await describeLayers(one, await planUnpacked(one));
    const layers = described.map((layer) => ({ ...layer, platform }));
    parts.push({ layers, toSend: layers.flatMap(bytesOf) });
  }
  return parts;
}

/** Of a manifest that nobody but the engine has, the layers are those that the engine has described, or one row stands for all. */
async function describePart(context: PlanContext, { digest, manifest, layers }: StoredPart): Promise<Part> {
  const { image } = context;
  const isIndex = (image.manifests?.length ?? 0) > 1;
  const platform = isIndex ? manifest?.platform && describePlatform(manifest.platform) : undefined;
  const labels = { platform, ...(manifest?.attests !== undefined && { isAttestation: true }) };
  const label = (layer: DescribedLayer): DescribedLayer => ({ ...layer, ...labels });
  if (layers !== undefined) {
    const described = (await describeLayers(context, layers)).map(label);
    return { layers: described, toSend: described.flatMap(bytesOf) };
  }
  const isDescribed = !isIndex || platform === describePlatform(image.platform);
  const diffIds = isDescribed && labels.isAttestation !== true ? [...new Set(image.diffIds)] : [];
  const stored = manifest?.size;
  const described =
    diffIds.length === 0
      ? [{ state: 'unknown' as const, isEstimated: false, storedBytes: stored }]
      : await describeLayers(
          context,
          diffIds.map((diffId) => ({ diffId, state: 'unknown' as const })),
        );
  // The manifest and the config are counted as well.
  const all = {
    key: digest,
    bytes: stored ?? sumOrUndefined(described.map(({ bytes, share }) => bytes ?? share)),
    isExact: false,
  };
  return { layers: described.map(label), toSend: [all] };
}

function describeManifests({ image, selection }: PlanContext): readonly PlannedManifest[] {
  const { manifests = [] } = image;
  if (manifests.length < 2) return [];
  const selected = selection.kind === 'manifest' ? [selection.manifest] : selectedManifests(image, selection);
  return manifests.map((manifest) => ({
    digest: manifest.digest,
    platform: manifest.platform && describePlatform(manifest.platform),
    isAttestation: manifest.attests !== undefined,
    isAvailable: manifest.isAvailable,
    isPublished: manifest.isAvailable && selected.some(({ digest }) => digest === manifest.digest),
    bytes: manifest.size,
  }));
}

function bytesOf({ state, digest, diffId, bytes, storedBytes, share }: DescribedLayer): readonly BytesToSend[] {
  const key: Digest | undefined = digest ?? diffId;
  if (key === undefined || (state !== 'send' && state !== 'unknown')) return [];
  return state === 'send'
    ? [{ key, bytes: storedBytes, isExact: true }]
    : [{ key, bytes: storedBytes ?? bytes ?? share, isExact: false }];
}

/** Bytes that go out as containerd's store holds them, uncompressed: see `uncompressedNotice`. */
function uncompressedBytes({ image, compressesStored }: PlanContext, layers: readonly DescribedLayer[]): number {
  if (image.storesBlobs !== true || compressesStored) return 0;
  const sent = layers.filter(
    ({ state, mediaType }) => state === 'send' && mediaType !== undefined && isUncompressedLayer(mediaType),
  );
  return sent.reduce((sum, { storedBytes = 0 }) => sum + storedBytes, 0);
}

function sumOrUndefined(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    values.length === 0 ? undefined : 0,
  );
}
