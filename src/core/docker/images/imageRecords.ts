import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf } from '../../base/json.ts';
import { digestSchema, isDigest } from '../../oci/digest.ts';
import type { EngineManifest, ImageDetails } from '../../ports/imageSource.ts';
import { describePlatform, formatPlatform, type Platform } from '../../oci/platform.ts';

export const size = v.fallback(v.pipe(v.number(), v.minValue(0)), 0);
const text = v.fallback(v.string(), '');

/** Older engines call a dangling image `<none>:<none>`, newer ones give it no tags. */
export const references = v.pipe(
  listOf(v.string()),
  v.transform((tags) => tags.filter((tag) => !tag.includes('<none>'))),
);

/** Older podman leaves the algorithm out of ids. */
export const engineDigest = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: id }, addIssue, NEVER }) => {
    const digest = id.includes(':') ? id : `sha256:${id}`;
    if (isDigest(digest)) return digest;
    addIssue();
    return NEVER;
  }),
);

export const platform = v.object({ os: v.string(), architecture: v.string(), variant: text });

/** One of `Manifests` of an answer that was asked for with `manifests=1` (API 1.48). */
const manifest = v.pipe(
  v.object({
    ID: digestSchema,
    Available: v.boolean(),
    Size: lenient(v.object({ Content: lenient(v.pipe(v.number(), v.minValue(0))) })),
    ImageData: lenient(v.object({ Platform: lenient(platform) })),
    AttestationData: lenient(v.object({ For: lenient(digestSchema) })),
  }),
  v.transform(({ ID, Available, Size, ImageData, AttestationData }): EngineManifest => {
    const runsOn = ImageData?.Platform;
    return {
      ...{ digest: ID, isAvailable: Available, platform: runsOn && toPlatform(runsOn) },
      ...{ attests: AttestationData?.For, size: Size?.Content },
    };
  }),
);

/** The answer of `GET /images/{name}/json`. */
const inspectedImage = v.object({
  Id: engineDigest,
  RepoTags: references,
  RepoDigests: references,
  RootFS: v.nullish(v.object({ Layers: v.nullish(v.array(engineDigest), []) }), {}),
  Size: size,
  Os: text,
  Architecture: text,
  Variant: text,
  Config: lenient(v.object({ Labels: lenient(v.record(v.string(), v.string())) })),
  Created: text,
  Descriptor: lenient(v.object({ mediaType: lenient(v.string()) })),
  Manifests: lenient(v.array(manifest)),
});

export function toImageDetails(info: unknown): ImageDetails {
  const image = read(inspectedImage, info);
  return {
    id: image.Id,
    references: image.RepoTags,
    repositoryDigests: image.RepoDigests,
    diffIds: image.RootFS.Layers,
    size: image.Size,
    platform: toPlatform({ os: image.Os, architecture: image.Architecture, variant: image.Variant }),
    labels: image.Config?.Labels,
    createdAt: toDate(image.Created),
    storesBlobs: image.Descriptor?.mediaType === undefined ? undefined : true,
    manifestType: image.Descriptor?.mediaType,
    manifests: image.Manifests,
  };
}

export function toPlatform({ os, architecture, variant }: v.InferOutput<typeof platform>): Platform {
  return { os, architecture, ...(variant !== '' && { variant }) };
}

/** Each once, without those that say nothing. */
export function distinctPlatforms(platforms: readonly Platform[]): readonly Platform[] {
  const named = platforms.filter((one) => describePlatform(one) !== undefined);
  return [...new Map(named.map((one) => [formatPlatform(one), one])).values()];
}

/** Why an image with this ID, which is no sha256 digest, cannot be pushed: the end of a sentence. */
export function obstacleOf(id: string): string {
  if (id === '')
    return l10n.t({
      message: 'the engine gives no ID for it',
      comment: 'Why an image cannot be pushed; follows a colon. “It” and “its” are the image.',
    });
  const algorithm = otherAlgorithm(id);
  if (algorithm === undefined)
    return l10n.t({
      message: 'its ID “{0}” is not a digest',
      args: [id.slice(0, 200)],
      comment: 'Why an image cannot be pushed; follows a colon. “It” and “its” are the image.',
    });
  return l10n.t({
    message: 'its ID is a {0} digest, and registries such as Gitea store sha256 alone',
    args: [algorithm],
    comment: 'Why an image cannot be pushed; follows a colon. “It” and “its” are the image.',
  });
}

/** `sha512` of a digest that is none of sha256 (OCI image-spec, descriptor.md §Digests). */
function otherAlgorithm(id: string): string | undefined {
  return /^(?!sha256:)([a-z0-9]+(?:[.+_-][a-z0-9]+)*):/.exec(id)?.[1];
}

/** Only a digest can be so wrong that the rest is of no use. */
function read<T>(schema: v.GenericSchema<unknown, T>, info: unknown): T {
  const result = v.safeParse(schema, info);
  if (result.success) return result.output;
  const [{ input: found, path }] = result.issues;
  if (path?.[0].key === 'Id' && typeof found === 'string' && otherAlgorithm(found) !== undefined) {
    const sentence = l10n.t`The image cannot be pushed: ${obstacleOf(found)}.`;
    throw new TeaChestError('imageUnsupported', sentence, { stage: 'inspect', facts: { digest: found } });
  }
  const sentence =
    typeof found === 'string'
      ? l10n.t`The container engine gave “${found.slice(0, 200)}” where a sha256 digest belongs.`
      : l10n.t('The container engine gave something else where a sha256 digest belongs.');
  throw new TeaChestError('engineFailed', sentence, { stage: 'engine' });
}

/** Go's zero time, the year 1, stands for “not said”. */
export function toDate(when: string | number): string | undefined {
  const time = new Date(when);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() <= 1 ? undefined : time.toISOString();
}
