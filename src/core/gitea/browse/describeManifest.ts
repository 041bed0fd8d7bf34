import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { readManifestLinks, type IndexChild, type ManifestLinks } from '../../oci/manifestLinks.ts';
import { isImageConfig } from '../../oci/mediaTypes.ts';
import { describePlatform } from '../../oci/platform.ts';
import type { Repository } from '../../registry/repository.ts';
import type { BrowseCall } from './registryContents.ts';

/** What a tag or a digest stands for. */
export interface ManifestDescription {
  readonly digest: Digest;
  readonly kind: 'image' | 'index' | 'other';
  /** Bytes of config and layers, compressed as they are stored. Undefined for an index: see `sizeOfIndex`. */
  readonly size: number | undefined;
  /** Config and layers of an image. */
  readonly blobs: readonly Blob[];
  /** `linux/amd64`. Of an index: of all of its images. */
  readonly platforms: readonly string[];
  /** Of an index: what it names, attestations included. */
  readonly children: readonly IndexChild[];
}

/** A larger config is not read to show a platform. */
const mostConfigBytes = 1024 * 1024;

const config = v.object({ os: v.string(), architecture: v.string(), variant: lenient(v.string()) });

/** Undefined if there is no such tag or digest. `platforms` of configs are kept in `known`: a digest never changes. */
export async function describeManifest(
  repository: Repository,
  reference: string,
  call: BrowseCall,
  known: { get(config: Digest): string | undefined; set(config: Digest, platform: string): unknown },
): Promise<ManifestDescription | undefined> {
  const stored = await repository.readManifest(reference, call);
  if (stored === undefined) return undefined;
  const { digest, bytes } = stored;
  const links = readManifestLinks(bytes);
  if (links === undefined) return { digest, kind: 'other', size: undefined, blobs: [], platforms: [], children: [] };
  const { children } = links;
  if (links.kind === 'index') {
    const platforms = children.map(({ platform }) => platform).filter((name) => name !== undefined);
    return { digest, kind: 'index', size: undefined, blobs: [], platforms: [...new Set(platforms)], children };
  }
  const blobs = blobsOf(links);
  const size = blobs.reduce((sum, one) => sum + one.size, 0);
  const platform = links.config && (await platformOf(repository, links.config, call, known));
  return { digest, kind: 'image', size, blobs, platforms: platform === undefined ? [] : [platform], children };
}

/** More images than these are not read to show a size. */
const mostChildren = 32;

/**
 * Bytes of all images of an index. What several have in common is stored, and counted, once. `blobs` of manifests are kept in
 * `known`: a digest never changes. Undefined if one of the images is not there, or there are too many.
 */
export async function sizeOfIndex(
  repository: Repository,
  children: readonly IndexChild[],
  call: BrowseCall,
  known: { get(manifest: Digest): readonly Blob[] | undefined; set(manifest: Digest, blobs: readonly Blob[]): unknown },
): Promise<number | undefined> {
  if (children.filter(({ digest }) => known.get(digest) === undefined).length > mostChildren) return undefined;
  const sizes = new Map<Digest, number>();
  for (const { digest } of children) {
    const blobs = known.get(digest) ?? (await readBlobs(repository, digest, call));
    if (blobs === undefined) return undefined;
    known.set(digest, blobs);
    for (const blob of blobs) sizes.set(blob.digest, blob.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** A config or a layer. */
export type Blob = Pick<Descriptor, 'digest' | 'size'>;

async function readBlobs(
  repository: Repository,
  manifest: Digest,
  call: BrowseCall,
): Promise<readonly Blob[] | undefined> {
  const stored = await repository.readManifest(manifest, call);
  const links = stored && readManifestLinks(stored.bytes);
  if (links?.kind !== 'image') return undefined;
  return blobsOf(links);
}

function blobsOf({ layers, config: own }: ManifestLinks): readonly Blob[] {
  const all = own === undefined ? layers : [...layers, own];
  return all.map(({ digest, size }) => ({ digest, size }));
}

async function platformOf(
  repository: Repository,
  { digest, mediaType, size }: Descriptor,
  call: BrowseCall,
  known: Parameters<typeof describeManifest>[3],
): Promise<string | undefined> {
  if (!isImageConfig(mediaType) || size > mostConfigBytes) return undefined;
  const kept = known.get(digest);
  if (kept !== undefined) return kept === '' ? undefined : kept;
  const bytes = await repository.getBlob(digest, call);
  const read = bytes && parseJson(config, bytes);
  const name = read && describePlatform({ ...read, variant: read.variant ?? '' });
  known.set(digest, name ?? '');
  return name;
}
