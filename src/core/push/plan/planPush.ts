import { throwIfCancelled } from '../../base/cancel.ts';
import { toTeaChestError } from '../../base/errors.ts';
import { describePlatform } from '../../oci/platform.ts';
import type { DigestCache } from '../../digestCache/digestCache.ts';
import type { Logger } from '../../base/logger.ts';
import type { CallOptions } from '../../ports/callOptions.ts';
import type { ImageSource } from '../../ports/imageSource.ts';
import { chooseManifests } from '../chooseManifests.ts';
import { compressesStored } from '../chooseTransfer.ts';
import { selectImage } from '../pushImage.ts';
import type { OpenedPlan, ReadHistory } from './planContext.ts';
import { planImage, type BytesToSend, type PlannedImage } from './planImage.ts';
import type { FailedPlan, ImagePlan, PushPlan, SendEstimate, TimeEstimate } from './pushPlan.ts';

/** One of the images that a push would bring to a registry. */
export interface PlanRequest {
  /** `host[:port]/owner/name:tag` */
  readonly reference: string;
  /** Of the registry. */
  readonly origin: string;
  /** If it rejects, the push of this image would fail so. */
  readonly open: () => Promise<OpenedPlan>;
}

export interface PlanDependencies {
  readonly source: ImageSource;
  readonly cache: DigestCache;
  readonly logger: Logger;
  readonly readHistory: ReadHistory;
  /** Bytes per second that earlier pushes measured to a registry; undefined if none did. */
  readonly linkRate: (origin: string) => number | undefined;
}

/**
 * Says what a push of these images would do, in their order, and changes nothing: the registry gets HEAD and GET requests
 * alone. So a plan does not prove that the push may write there. Rejects only if it is cancelled.
 */
export async function planPush(
  requests: readonly PlanRequest[],
  dependencies: PlanDependencies,
  { signal }: CallOptions,
): Promise<PushPlan> {
  await dependencies.cache.load();
  const seen = new Set<string>();
  const images: (ImagePlan | FailedPlan)[] = [];
  const sent: { readonly origin: string; readonly send: SendEstimate }[] = [];
  for (const request of requests) {
    throwIfCancelled(signal);
    const { reference, origin } = request;
    try {
      const { found, ...image } = await planOne(request, dependencies, signal);
      const distinct = new Map(found.toSend.map((one) => [one.key, one]));
      const own = [...distinct.values()].filter(({ key }) => !seen.has(`${origin} ${key}`));
      const layers = found.layers.map(({ mediaType: _, share: _share, ...layer }) => {
        const key = `${origin} ${layer.digest ?? layer.diffId ?? ''}`;
        return (layer.state === 'send' || layer.state === 'unknown') && seen.has(key)
          ? { ...layer, isShared: true }
          : layer;
      });
      for (const { key } of found.toSend) seen.add(`${origin} ${key}`);
      const send = sumOf(own);
      sent.push({ origin, send });
      const time = timeOf(send, dependencies.linkRate(origin));
      images.push({ kind: 'planned', reference, origin, ...image, ...withoutBytes(found), layers, send, time });
    } catch (error) {
      throwIfCancelled(signal);
      images.push({ kind: 'failed', reference, error: toTeaChestError(error, 'plan') });
    }
  }
  const send = sumOf(
    sent.map(({ send: { bytes, precision } }) => ({ key: '', bytes, isExact: precision === 'exact' })),
  );
  const origins = new Set(sent.map(({ origin }) => origin));
  const [origin] = origins;
  const rate = origin !== undefined && origins.size === 1 ? dependencies.linkRate(origin) : undefined;
  return { images, send, time: timeOf(send, rate) };
}

async function planOne(
  { open }: PlanRequest,
  dependencies: PlanDependencies,
  signal: AbortSignal,
): Promise<Pick<ImagePlan, 'imageId' | 'platform' | 'imageBytes' | 'missing'> & { readonly found: PlannedImage }> {
  const { source } = dependencies;
  const opened = await open();
  const { request } = opened;
  const inspected = await source.inspect(request.image, { signal });
  const chosen = chooseManifests(inspected, request.platform);
  const { image, selection } = await selectImage(source, inspected, chosen, signal);
  const context = { ...dependencies, ...opened, image, selection, signal, usesCache: true };
  const found = await planImage({ ...context, compressesStored: compressesStored(request, image) });
  const missing = chosen.kind === 'manifest' || chosen.kind === 'available' ? chosen.missing : [];
  return { found, imageId: image.id, platform: describePlatform(image.platform), imageBytes: image.size, missing };
}

function withoutBytes({
  tag,
  manifests,
  transfer,
  uncompressedBytes,
}: PlannedImage): Omit<PlannedImage, 'toSend' | 'layers'> {
  return { tag, manifests, transfer, uncompressedBytes };
}

function sumOf(all: readonly BytesToSend[]): SendEstimate {
  const precision = all.every(({ isExact }) => isExact) ? 'exact' : 'atMost';
  let bytes = 0;
  for (const one of all) {
    if (one.bytes === undefined) return { precision };
    bytes += one.bytes;
  }
  return { bytes, precision };
}

function timeOf({ bytes }: SendEstimate, bytesPerSecond: number | undefined): TimeEstimate | undefined {
  if (bytes === undefined || bytesPerSecond === undefined || bytesPerSecond <= 0) return undefined;
  return { seconds: bytes / bytesPerSecond, bytesPerSecond };
}
