import { isCancelled } from '../base/errors.ts';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/mediaTypes.ts';
import type { PushRun } from './pushRun.ts';

/**
 * What the repository's present image teaches a machine that has never pushed it: its config names the diffIDs, its
 * manifest the blobs, in the same order. So base layers need no work on a fresh machine. Only blobs in the push's own
 * compression count; each is asked for by HEAD before it is relied on. Whatever goes wrong here costs work, not the push.
 *
 * Unlike everything else in a push this is not proved by bytes, but by the word of whoever may write to this very
 * repository, and who could replace the tag as well. So it counts for this repository alone, and is remembered for no
 * other. Whoever pulls proves each layer against its diffID.
 */
export async function seedFromTag(run: PushRun, signal: AbortSignal): Promise<ReadonlyMap<Digest, Descriptor>> {
  try {
    const manifest = await chooseManifest(run, signal);
    return manifest === undefined ? new Map<Digest, Descriptor>() : await readPairs(run, manifest, signal);
  } catch (error) {
    if (isCancelled(error)) throw error;
    run.logger.debug(`Nothing was learned from what ${run.request.repository} holds now: ${String(error)}`);
    return new Map();
  }
}

/** Of the tag that is about to be replaced, or else of one that probably shares its base layers. */
async function chooseManifest({ target, request }: PushRun, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const own = await target.getManifest(request.tag, { signal });
  if (own !== undefined) return own;
  const tags = await target.listTags({ signal });
  const tag = tags.includes('latest') ? 'latest' : tags.at(-1);
  return tag === undefined ? undefined : await target.getManifest(tag, { signal });
}

async function readPairs(
  { target, request }: PushRun,
  stored: Uint8Array,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const pairs = new Map<Digest, Descriptor>();
  const manifest = parseRecord(stored);
  const config = toDescriptor(manifest?.['config']);
  const layers = toList(manifest?.['layers']).map(toDescriptor);
  if (config === undefined) return pairs;
  const bytes = await target.getBlob(config.digest, { signal });
  if (bytes === undefined || digestOf(bytes) !== config.digest) return pairs;
  const diffIds = toList(toRecord(parseRecord(bytes)?.['rootfs'])?.['diff_ids']);
  if (diffIds.length !== layers.length) return pairs;
  diffIds.forEach((diffId, at) => {
    const layer = layers[at];
    if (typeof diffId !== 'string' || !isDigest(diffId) || layer === undefined) return;
    const mediaType = layer.mediaType === mediaTypes.dockerLayerGzip ? mediaTypes.ociLayerGzip : layer.mediaType;
    if (mediaType === request.codec.mediaType) pairs.set(diffId, { ...layer, mediaType });
  });
  return pairs;
}

function parseRecord(bytes: Uint8Array | undefined): Record<string, unknown> | undefined {
  return bytes === undefined ? undefined : toRecord(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

function toRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function toDescriptor(value: unknown): Descriptor | undefined {
  const record = toRecord(value);
  const { mediaType, digest, size } = {
    mediaType: record?.['mediaType'],
    digest: record?.['digest'],
    size: record?.['size'],
  };
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return undefined;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? { mediaType, digest, size } : undefined;
}
