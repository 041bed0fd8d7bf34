import * as v from 'valibot';
import { lenient, parseJson } from '../base/json.ts';
import type { Digest } from '../oci/digest.ts';
import { digestOf } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { readManifestLinks, type IndexChild, type ManifestLinks } from '../oci/manifestLinks.ts';
import { isImageConfig } from '../oci/mediaTypes.ts';
import { describePlatform, matchesPlatform, type Platform } from '../oci/platform.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { CallOptions } from '../ports/callOptions.ts';

/** What a manifest in the registry is, as far as a comparison needs it. */
export interface RegistryImage {
  readonly digest: Digest;
  /** Of an index: the manifests that it names, attestations included. */
  readonly children: ReadonlySet<Digest>;
  /** The config of the image for the platform that was asked for; undefined if there is none. */
  readonly config: Digest | undefined;
  /** When that image was built, ISO 8601, as its config says. */
  readonly createdAt: string | undefined;
}

export type ManifestReader = Pick<BlobTarget, 'getManifest' | 'getBlob'>;

/** A larger config is not read for a date. */
const mostConfigBytes = 1024 * 1024;

const datedConfig = v.object({ created: lenient(v.string()) });

/**
 * Reads a manifest by tag or digest, and what it takes to compare it with an image of this platform: of an index one of its
 * manifests. The config is read only if `isKnown` does not recognise the image by its digests: at most three requests.
 * Undefined if there is no such manifest.
 */
export async function readRegistryImage(
  target: ManifestReader,
  reference: string,
  { platform, isKnown }: { readonly platform: Platform; readonly isKnown: (image: RegistryImage) => boolean },
  call: CallOptions,
): Promise<RegistryImage | undefined> {
  const bytes = await target.getManifest(reference, call);
  if (bytes === undefined) return undefined;
  const links = readManifestLinks(bytes);
  const digest = digestOf(bytes);
  const children = new Set((links?.children ?? []).map((child) => child.digest));
  const indexOnly = { digest, children, config: undefined, createdAt: undefined };
  if (links === undefined || isKnown(indexOnly)) return indexOnly;
  const config = links.kind === 'index' ? await configOfChild(target, links, platform, call) : links.config;
  const undated = { ...indexOnly, config: config?.digest };
  if (config === undefined || isKnown(undated)) return undated;
  return { ...undated, createdAt: await readBuildDate(target, config, call) };
}

async function configOfChild(
  target: ManifestReader,
  { children }: ManifestLinks,
  platform: Platform,
  call: CallOptions,
): Promise<Descriptor | undefined> {
  const child = childFor(children, platform);
  const bytes = child && (await target.getManifest(child.digest, call));
  return bytes === undefined || digestOf(bytes) !== child?.digest ? undefined : readManifestLinks(bytes)?.config;
}

/** Attestations have no platform, and are never it. */
function childFor(children: readonly IndexChild[], platform: Platform): IndexChild | undefined {
  const images = children.filter((child) => child.platform !== undefined);
  const wanted = describePlatform(platform);
  const exact = images.find((child) => child.platform === wanted);
  return exact ?? images.find((child) => child.platform !== undefined && matchesPlatform(child.platform, platform));
}

async function readBuildDate(
  target: ManifestReader,
  { digest, mediaType, size }: Descriptor,
  call: CallOptions,
): Promise<string | undefined> {
  if (!isImageConfig(mediaType) || size > mostConfigBytes) return undefined;
  const bytes = await target.getBlob(digest, call);
  if (bytes === undefined || digestOf(bytes) !== digest) return undefined;
  return parseJson(datedConfig, bytes)?.created;
}
