import { digestOf } from '../oci/digest.ts';
import { isIndex, mediaTypes } from '../oci/mediaTypes.ts';
import type { EngineManifest } from '../ports/imageSource.ts';
import { selectedManifests } from './chooseManifests.ts';
import { publishTag, referenceOf, type PushOutcome } from './publishTag.ts';
import type { PushContext } from './pushContext.ts';
import { selectionNotice } from './selectionNotice.ts';

/** True for a list whose images the engine holds one by one (podman). */
export function isListOfImages({ storesBlobs, manifestType, manifests }: PushContext['image']): boolean {
  return storesBlobs !== true && isIndex(manifestType) && manifests !== undefined;
}

/**
 * Pushes a list whose images the engine holds one by one, unpacked: each image under its digest, by `pushOne`, and then an
 * index of ours with the list's own items. Its digests are not those of the list, since the layers were compressed here.
 */
export async function pushList(
  push: PushContext,
  pushOne: (context: PushContext) => Promise<PushOutcome>,
): Promise<PushOutcome> {
  const { source, request, runStage, signal, selection, image } = push;
  const pushed: PushOutcome[] = [];
  const items: object[] = [];
  for (const manifest of selectedManifests(image, selection)) {
    const child = await runStage('inspect', () => source.inspect(manifest.imageId ?? manifest.digest, { signal }));
    let bytes: Uint8Array | undefined;
    const onManifest = (published: Uint8Array): void => void (bytes = published);
    const one = { image: child, selection: { kind: 'whole' }, publishedUnder: 'digest', onManifest } as const;
    const outcome = await pushOne({ ...push, ...one });
    pushed.push(outcome);
    items.push(itemOf(manifest, outcome, bytes));
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: items };
  const bytes = Buffer.from(JSON.stringify(index), 'utf8');
  const [digest, mediaType] = [digestOf(bytes), mediaTypes.ociIndex];
  if (request.recheck === true || !(await isPublished(push, digest))) {
    await publishTag(push, [], { bytes, digest, mediaType });
  } else {
    push.onManifest?.(bytes);
  }
  const sum = (of: (outcome: PushOutcome) => number): number => pushed.reduce((total, one) => total + of(one), 0);
  const notice = selectionNotice(selection);
  return {
    ...{ reference: referenceOf(request), digest, mediaType },
    strategy: pushed.find(({ strategy }) => strategy !== 'none')?.strategy ?? 'none',
    uploadedBytes: sum(({ uploadedBytes }) => uploadedBytes),
    mountedBytes: sum(({ mountedBytes }) => mountedBytes),
    skippedBytes: sum(({ skippedBytes }) => skippedBytes),
    notices: [...new Set(pushed.flatMap(({ notices }) => notices)), ...(notice === undefined ? [] : [notice])],
  };
}

async function isPublished(
  { target, request, signal }: PushContext,
  expected: PushOutcome['digest'],
): Promise<boolean> {
  return (await target.headManifest(request.tag, { signal, expected }))?.digest === expected;
}

/** The list's item with the manifest that was published in place of the engine's. */
function itemOf(
  { listItem, platform }: EngineManifest,
  { digest, mediaType }: PushOutcome,
  bytes: Uint8Array | undefined,
): object {
  if (bytes === undefined || digestOf(bytes) !== digest) throw new Error(`the bytes of ${digest} are not known`);
  return {
    ...listItem,
    ...(platform && listItem === undefined && { platform }),
    mediaType,
    digest,
    size: bytes.byteLength,
  };
}
