import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf } from '../../base/json.ts';
import { digestSchema, isDigest } from '../../oci/digest.ts';
import type { EngineManifest, ImageDetails } from '../../ports/imageSource.ts';
import type { Platform } from '../../oci/platform.ts';
import type { EngineImage } from '../types.ts';

const size = v.fallback(v.pipe(v.number(), v.minValue(0)), 0);
const text = v.fallback(v.string(), '');

/** Older engines call a dangling image `<none>:<none>`, newer ones give it no tags. */
export const references = v.pipe(
  listOf(v.string()),
  v.transform((tags) => tags.filter((tag) => !tag.includes('<none>'))),
);

/** Older podman leaves the algorithm out of ids. */
const engineDigest = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: id }, addIssue, NEVER }) => {
    const digest = id.includes(':') ? id : `sha256:${id}`;
    if (isDigest(digest)) return digest;
    addIssue();
    return NEVER;
  }),
);

/** An item of `GET /images/json`. Beyond its ID, what is missing or of another type is not said. */
const listedImage = v.object({
  Id: engineDigest,
  RepoTags: references,
  Size: size,
  /** Seconds since the epoch. */
  Created: lenient(v.number()),
  // −1: the engine did not count (GET /images/json without shared-size, moby's API notes).
  Containers: v.fallback(v.number(), -1),
});

const platform = v.object({ os: v.string(), architecture: v.string(), variant: text });

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
  RootFS: v.nullish(v.object({ Layers: v.nullish(v.array(engineDigest), []) }), {}),
  Size: size,
  Os: text,
  Architecture: text,
  Variant: text,
  Created: text,
  Descriptor: lenient(v.object({ mediaType: lenient(v.string()) })),
  Manifests: lenient(v.array(manifest)),
});

export function toEngineImage(info: unknown): Omit<EngineImage, 'platform'> {
  const { Id: id, RepoTags, Size, Created, Containers } = read(listedImage, info);
  return {
    ...{ id, references: RepoTags, size: Size },
    createdAt: (Created === undefined ? undefined : toDate(Created * 1000)) ?? '',
    containers: Containers >= 0 ? Containers : undefined,
  };
}

export function toImageDetails(info: unknown): ImageDetails {
  const image = read(inspectedImage, info);
  return {
    id: image.Id,
    references: image.RepoTags,
    diffIds: image.RootFS.Layers,
    size: image.Size,
    platform: toPlatform({ os: image.Os, architecture: image.Architecture, variant: image.Variant }),
    createdAt: toDate(image.Created),
    storesBlobs: image.Descriptor?.mediaType === undefined ? undefined : true,
    manifestType: image.Descriptor?.mediaType,
    manifests: image.Manifests,
  };
}

function toPlatform({ os, architecture, variant }: v.InferOutput<typeof platform>): Platform {
  return { os, architecture, ...(variant !== '' && { variant }) };
}

/** Only a digest can be so wrong that the rest is of no use. */
function read<T>(schema: v.GenericSchema<unknown, T>, info: unknown): T {
  const result = v.safeParse(schema, info);
  if (result.success) return result.output;
  const found = result.issues[0].input;
  if (typeof found === 'string' && /^sha(384|512):/.test(found)) {
    const sentence = `The image has the digest “${found}”. Only images whose digests are all sha256 can be pushed: Gitea stores no others.`;
    throw new TeaChestError('imageUnsupported', sentence, { stage: 'inspect', facts: { digest: found } });
  }
  const what = typeof found === 'string' ? `“${found.slice(0, 200)}”` : 'something else';
  throw new TeaChestError('engineFailed', `The container engine gave ${what} where a sha256 digest belongs.`, {
    stage: 'engine',
  });
}

/** Go's zero time, the year 1, stands for “not said”. */
function toDate(when: string | number): string | undefined {
  const time = new Date(when);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() <= 1 ? undefined : time.toISOString();
}
