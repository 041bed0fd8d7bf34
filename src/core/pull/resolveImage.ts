import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { isDigest } from '../oci/digest.ts';
import { readManifest, type Descriptor, type IndexItem, type ReadManifest } from '../oci/manifest.ts';
import { isImageConfig, layerTypeOf, mediaTypes } from '../oci/mediaTypes.ts';
import { describePlatform, findByPlatform, type Platform } from '../oci/platform.ts';
import type { EngineDescription } from '../ports/enginePuller.ts';
import type { ImageRepository, StoredBytes } from '../ports/imageRepository.ts';
import { readWholeBlob } from './verifiedBlob.ts';

/** The image that is pulled, fixed by digests before anything moves. */
export interface ResolvedImage {
  /** What the reference stands for: a manifest or an index. */
  readonly top: StoredBytes;
  /** What the index names; undefined if `top` is a manifest. */
  readonly items: readonly IndexItem[] | undefined;
  /** One of these is what the engine has afterwards: several if the index has variants of its platform. */
  readonly manifests: readonly ImageManifest[];
  /** The platform that the engine must be asked for; undefined if it is its own. */
  readonly platform: string | undefined;
}

export interface ImageManifest {
  readonly stored: StoredBytes;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ResolveRequest {
  /** The registry's host, for messages. */
  readonly host: string;
  /** A tag or a digest. */
  readonly reference: string;
  /** `linux/arm64`, if the person has chosen one. */
  readonly platform: string | undefined;
  readonly engine: Pick<EngineDescription, 'name' | 'platform' | 'readsZstd'>;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Registries and engines take configs of at most 4 MiB (containers/image, internal/iolimits). */
const largestConfig = 4 * 1024 * 1024;

/** Reads what a tag or digest stands for, and which of it the engine takes. No layer is read. */
export async function resolveImage(repository: ImageRepository, request: ResolveRequest): Promise<ResolvedImage> {
  const name = nameOf(repository, request);
  const top = await readStored(repository, request, request.reference);
  const read = readManifest(top.bytes);
  if (read === undefined)
    throw unsupported(name, l10n.t('what the registry has there is neither an image nor an index'));
  if (read.kind === 'image') {
    const manifest = toImageManifest(top, read, name);
    requireReadable(manifest, name, request);
    const platform = await platformOfSingle(repository, manifest, request);
    return { top, items: undefined, manifests: [manifest], platform };
  }
  const items = platformItems(read.manifests);
  if (items.length === 0) throw unsupported(name, l10n.t('it is an index without an image in it'));
  const chosen = chooseItems(items, name, request);
  const manifests = await Promise.all(
    chosen.map(async ({ digest }) => {
      const stored = await readStored(repository, request, digest);
      const manifest = readManifest(stored.bytes);
      if (manifest?.kind !== 'image') throw unsupported(name, l10n.t`its part ${digest} is no image`);
      return toImageManifest(stored, manifest, name);
    }),
  );
  for (const manifest of manifests) requireReadable(manifest, name, request);
  const [first] = chosen;
  const isOwn = findByPlatform(describePlatform(request.engine.platform) ?? '', items, platformOf).includes(first);
  const platform = isOwn ? undefined : describePlatform(platformOf(first));
  return { top, items: read.manifests, manifests, platform };
}

/** What a digest names must hash to it. */
async function readStored(
  repository: ImageRepository,
  { host, signal }: Pick<ResolveRequest, 'host' | 'signal'>,
  reference: string,
): Promise<StoredBytes> {
  const stored = await repository.readManifest(reference, { signal });
  const separator = isDigest(reference) ? '@' : ':';
  const name = `${host}/${repository.repository}${separator}${reference}`;
  if (stored === undefined) {
    throw new TeaChestError('manifestUnknown', l10n.t`${host} has no ${name}.`, { facts: { host, reference: name } });
  }
  if (isDigest(reference) && stored.digest !== reference) {
    const sentence = l10n.t`${host} gave other bytes for ${name}: they hash to ${stored.digest}.`;
    throw new TeaChestError('digestMismatch', sentence, { facts: { host, stored: stored.digest } });
  }
  return stored;
}

function nameOf({ repository }: ImageRepository, { host, reference }: ResolveRequest): string {
  return `${host}/${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}

function toImageManifest(
  stored: StoredBytes,
  { config, layers }: Extract<ReadManifest, { kind: 'image' }>,
  name: string,
): ImageManifest {
  if (!isImageConfig(config.mediaType)) {
    throw unsupported(
      name,
      l10n.t`it is no image but an artifact of the type ${config.mediaType}, which no engine can run`,
    );
  }
  return { stored, config, layers };
}

/** Known before a byte moves: an old engine would fail on the first such layer, with `invalid tar header`. */
function requireReadable({ layers }: ImageManifest, name: string, { engine }: ResolveRequest): void {
  const isZstd = ({ mediaType }: Descriptor): boolean =>
    mediaType === layerTypeOf('zstd') || mediaType.endsWith('.tar.zstd');
  if (engine.readsZstd || !layers.some(isZstd)) return;
  const why = l10n.t`its layers are compressed by zstd, which ${engine.name} cannot unpack: Docker 23 or newer is needed`;
  throw unsupported(name, why);
}

/** Without attestations, whose platform is `unknown/unknown` (BuildKit, attestation-storage.md). */
function platformItems(items: readonly IndexItem[]): readonly IndexItem[] {
  return items.filter(
    ({ mediaType, platform }) =>
      (mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest) &&
      platform !== undefined &&
      platform.os !== 'unknown' &&
      platform.os !== '',
  );
}

/** All variants of the engine's own platform, because engines do not name theirs; one item of a platform that was asked for. */
function chooseItems(
  items: readonly IndexItem[],
  name: string,
  { platform, engine }: ResolveRequest,
): readonly [IndexItem, ...IndexItem[]] {
  const wanted = platform ?? describePlatform(engine.platform) ?? '';
  const [first, ...others] =
    platform === undefined
      ? items.filter((item) => isFor(engine.platform, platformOf(item)))
      : findByPlatform(platform, items, platformOf).slice(0, 1);
  if (first !== undefined) return [first, ...others];
  const platforms = items.map((item) => describePlatform(platformOf(item)) ?? '').join(', ');
  const sentence = l10n.t`${name} is not there for ${wanted}. It is there for ${platforms}.`;
  throw new TeaChestError('platformNeeded', sentence, { facts: { platforms, platform: wanted } });
}

function isFor(engine: Platform, { os, architecture }: Platform): boolean {
  return engine.os === os && engine.architecture === architecture;
}

function platformOf({ platform }: IndexItem): Platform {
  return { os: platform?.os ?? '', architecture: platform?.architecture ?? '', variant: platform?.variant ?? '' };
}

/**
 * The platform to ask the engine for: that of the config, unless it is the engine's own. Without it containerd's store
 * refuses an image for another platform.
 */
async function platformOfSingle(
  repository: ImageRepository,
  { config }: ImageManifest,
  request: ResolveRequest,
): Promise<string | undefined> {
  const name = nameOf(repository, request);
  if (config.size > largestConfig) throw unsupported(name, l10n.t`its config has ${config.size} bytes`);
  const own = readPlatform(await readWholeBlob(repository, config, request));
  if (own === undefined) return undefined;
  const { platform: wanted, engine } = request;
  if (wanted === undefined || findByPlatform(wanted, [own], (one) => one).length > 0) {
    return isFor(engine.platform, own) ? undefined : describePlatform(own);
  }
  const platforms = describePlatform(own) ?? '';
  const sentence = l10n.t`${name} is not there for ${wanted}. It is there for ${platforms}.`;
  throw new TeaChestError('platformNeeded', sentence, { facts: { platforms, platform: wanted } });
}

/** OCI image-spec, config.md. */
const platformOfConfig = v.object({ os: v.string(), architecture: v.string(), variant: v.fallback(v.string(), '') });

function readPlatform(config: Uint8Array): Platform | undefined {
  const platform = parseJson(platformOfConfig, config);
  return platform?.os === '' || platform?.architecture === '' ? undefined : platform;
}

function unsupported(name: string, why: string): TeaChestError {
  return new TeaChestError('imageUnsupported', l10n.t`${name} cannot be pulled: ${why}.`, {
    facts: { reference: name },
  });
}
