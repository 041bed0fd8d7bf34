import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { lenient, listOf, parseJson } from '../base/json.ts';
import { digestOf, digestSchema, type Digest } from '../oci/digest.ts';
import { containerSettings, noSettings, type ImageDescription } from '../oci/imageDescription.ts';
import { readManifestLinks, type ManifestLinks } from '../oci/manifestLinks.ts';
import { describePlatform } from '../oci/platform.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { CallOptions } from '../ports/callOptions.ts';

type Reader = Pick<BlobTarget, 'repository' | 'getManifest' | 'getBlob'>;

/** One of the images that a tag or a digest stands for. */
export interface PlatformImage {
  readonly digest: Digest;
  /** Undefined: not an image of an index, so that its config says it. */
  readonly platform: string | undefined;
}

const mostConfigBytes = 4 * 1024 * 1024;

/** OCI image-spec, config.md §Properties. */
const imageConfig = v.object({
  ...{ os: lenient(v.string()), architecture: lenient(v.string()), variant: lenient(v.string()) },
  created: lenient(v.string()),
  config: v.fallback(v.pipe(v.nullish(v.unknown(), {}), containerSettings), noSettings),
  rootfs: lenient(v.object({ diff_ids: v.nullish(v.array(digestSchema), []) })),
  history: listOf(v.object({ created_by: lenient(v.string()), empty_layer: lenient(v.boolean()) })),
});

/** The images of a tag or a digest, attestations left out; undefined if there is no such thing. */
export async function listImagesOf(
  target: Reader,
  reference: string,
  call: CallOptions,
): Promise<readonly PlatformImage[] | undefined> {
  const bytes = await target.getManifest(reference, call);
  if (bytes === undefined) return undefined;
  const links = readLinks(target, reference, bytes);
  if (links.kind === 'image') return [{ digest: digestOf(bytes), platform: undefined }];
  const images = links.children.filter(({ platform }) => platform !== undefined);
  return images.map(({ digest, platform }) => ({ digest, platform }));
}

/** An image by its manifest. Manifest and config are compared with their digests. */
export async function readImageOfRegistry(
  target: Reader,
  digest: Digest,
  call: CallOptions,
): Promise<ImageDescription> {
  const bytes = await target.getManifest(digest, call);
  if (bytes === undefined) throw missing(target, digest);
  requireDigest(bytes, digest);
  const { config, layers, kind } = readLinks(target, digest, bytes);
  if (kind === 'index' || config === undefined) throw unreadable(target, digest);
  const read = await readConfig(target, config, call);
  const diffIds = read?.rootfs?.diff_ids ?? [];
  const instructions = (read?.history ?? []).filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const isPaired = diffIds.length === layers.length;
  return {
    manifest: digest,
    config: config.digest,
    platform:
      read &&
      describePlatform({ os: read.os ?? '', architecture: read.architecture ?? '', variant: read.variant ?? '' }),
    createdAt: read?.created,
    settings: read?.config ?? noSettings,
    layers: layers.map((layer, at) => ({
      diffId: isPaired ? diffIds[at] : undefined,
      size: layer.size,
      blob: { digest: layer.digest, mediaType: layer.mediaType },
      madeBy: instructions.length === layers.length ? instructions[at]?.created_by : undefined,
    })),
  };
}

async function readConfig(
  target: Reader,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  call: CallOptions,
): Promise<v.InferOutput<typeof imageConfig> | undefined> {
  if (size > mostConfigBytes) throw unreadable(target, digest);
  const bytes = await target.getBlob(digest, call);
  if (bytes === undefined) throw missing(target, digest);
  requireDigest(bytes, digest);
  return parseJson(imageConfig, bytes);
}

function readLinks(target: Reader, reference: string, bytes: Uint8Array): ManifestLinks {
  const links = readManifestLinks(bytes);
  if (links === undefined) throw unreadable(target, reference);
  return links;
}

function requireDigest(bytes: Uint8Array, digest: Digest): void {
  const actual = digestOf(bytes);
  if (actual === digest) return;
  const why = l10n.t`The registry gave other bytes for ${digest}; their digest is ${actual}.`;
  throw new TeaChestError('digestMismatch', why, { stage: 'browse' });
}

function missing({ repository }: Reader, what: string): TeaChestError {
  const why = l10n.t`The registry does not have ${what} of ${repository} any more.`;
  return new TeaChestError('changedMeanwhile', why, { stage: 'browse' });
}

function unreadable({ repository }: Reader, what: string): TeaChestError {
  const why = l10n.t`${what} of ${repository} is no image that can be compared.`;
  return new TeaChestError('registryRefused', why, { stage: 'browse' });
}
