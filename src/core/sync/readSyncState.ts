import type { DigestCache } from '../digestCache/digestCache.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { imageIdentity } from '../push/imageIdentity.ts';
import { isListOfImages } from '../push/pushList.ts';
import { compareSyncState, type LastPush, type SyncVerdict } from './compareSyncState.ts';
import { publishedDigests } from './publishedDigests.ts';
import { readRegistryImage, type RegistryImage } from './readRegistryImage.ts';

/** An image of the engine, and the tag that it is pushed to. */
export interface SyncSubject {
  readonly image: ImageDetails;
  readonly target: Pick<BlobTarget, 'repository' | 'headManifest' | 'getManifest' | 'getBlob'>;
  /** `host[:port]/owner/name`: the repository's name in references. */
  readonly repository: string;
  readonly tag: string;
  readonly lastPush: LastPush | undefined;
  /** The ID of the codec with which a push would compress. */
  readonly codecId: string;
}

export interface SyncDependencies {
  readonly cache: Pick<DigestCache, 'load' | 'image' | 'published'>;
  /** What was read of manifests, by repository, digest and platform. A digest never changes. */
  readonly known: {
    get(key: string): RegistryImage | undefined;
    set(key: string, image: RegistryImage): unknown;
  };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A state, and what it was found by. */
export interface SyncReport extends SyncVerdict {
  readonly here: { readonly imageId: Digest; readonly createdAt: string | undefined };
  /** Undefined: the registry has no such tag. */
  readonly there: { readonly digest: Digest; readonly createdAt: string | undefined } | undefined;
}

/**
 * Compares an image with its tag in the registry, by digests. One HEAD if it is known which manifest the tag should be, or
 * if the tag still is what we pushed last. Otherwise the manifest, and for a build date its config. No layer is read.
 */
export async function readSyncState(
  subject: SyncSubject,
  { cache, known, now }: SyncDependencies,
  call: { readonly signal: AbortSignal },
): Promise<SyncReport> {
  const { image, target, tag, lastPush, repository } = subject;
  await cache.load();
  const digests = new Set(publishedDigests(image, { cache, repository, codecId: subject.codecId, lastPush }));
  const here = { imageId: imageIdentity(image), createdAt: image.createdAt };
  const report = (there: SyncReport['there'], isSameImage: boolean): SyncReport => ({
    ...compareSyncState({ here, there: there && { ...there, isSameImage }, lastPush, now: now() }),
    here: { imageId: image.id, createdAt: image.createdAt },
    there,
  });

  let tagDigest: Digest | undefined;
  if (digests.size > 0 || lastPush !== undefined) {
    const stored = await target.headManifest(tag, call);
    if (stored === undefined) return report(undefined, false);
    tagDigest = stored.digest;
    if (tagDigest !== undefined && digests.has(tagDigest)) {
      return report({ digest: tagDigest, createdAt: image.createdAt }, true);
    }
    if (tagDigest !== undefined && tagDigest === lastPush?.digest) {
      return report({ digest: tagDigest, createdAt: lastPush.createdAt }, false);
    }
  }
  const isSame = (found: RegistryImage): boolean => isImage(found, image, digests);
  const key = (digest: Digest): string => `${repository}@${digest} ${formatPlatform(image.platform)}`;
  const before = tagDigest === undefined ? undefined : known.get(key(tagDigest));
  const found =
    before ?? (await readRegistryImage(target, tagDigest ?? tag, { platform: image.platform, isKnown: isSame }, call));
  if (found === undefined) return report(undefined, false);
  const { digest, createdAt } = found;
  const isSameImage = isSame(found);
  // What was recognised by its digests was not read to its end.
  if (!isSameImage) known.set(key(digest), found);
  return report({ digest, createdAt: isSameImage ? image.createdAt : createdAt }, isSameImage);
}

/** A classic store names an image by its config, containerd's by its manifest or index. */
function isImage(
  { digest, config, children }: RegistryImage,
  image: ImageDetails,
  digests: ReadonlySet<Digest>,
): boolean {
  if (digests.has(digest) || isListOfImages(image)) return digests.has(digest);
  return digest === image.id || config === image.id || children.has(image.id);
}
