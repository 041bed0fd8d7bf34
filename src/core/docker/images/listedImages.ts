import * as v from 'valibot';
import { lenient, listOf, readValue } from '../../base/json.ts';
import { isDigest } from '../../oci/digest.ts';
import { withoutTagAndDigest } from '../../oci/imageReference.ts';
import { distinctPlatforms, obstacleOf, platform, size, toDate, toPlatform } from './imageRecords.ts';
import type { ContainerCount, EngineImage } from '../types.ts';

/** What the list of images says of one, without what other calls say. */
export type ListedImage = Omit<EngineImage, 'usedBy' | 'taggedAt'>;

/** One of `Manifests` of an item that was asked for with `manifests=true` (API 1.47). */
const manifest = v.object({
  Available: v.boolean(),
  /** `image`, `attestation`, or `unknown` for a manifest that is neither: an artifact's. */
  Kind: lenient(v.string()),
  ImageData: lenient(v.object({ Platform: lenient(platform) })),
});

/** An item of `GET /images/json`. What is missing or of another type is not said. */
const record = v.object({
  Id: v.fallback(v.string(), ''),
  RepoTags: listOf(v.string()),
  RepoDigests: listOf(v.string()),
  Size: size,
  /** Seconds since the epoch. */
  Created: lenient(v.number()),
  Manifests: lenient(v.array(manifest)),
  Descriptor: lenient(v.object({ artifactType: lenient(v.string()) })),
});

/** A record of the list that nothing can be done with, and why. */
export interface UnusableRecord {
  readonly unusable: string;
}

/**
 * One record → an image. An image that cannot be pushed but has a name has an `obstacle`; one without a name is unusable.
 */
export function toListedImage(info: unknown): ListedImage | UnusableRecord {
  const found = readValue(record, info);
  if (found === undefined) return { unusable: 'its record is not an object' };
  const id = withAlgorithm(found.Id);
  const names = readNames(found);
  const obstacle = isDigest(id) ? undefined : obstacleOf(id);
  if (obstacle !== undefined && names.references.length + names.digestReferences.length === 0) {
    return { unusable: `it has no name, and ${obstacle}` };
  }
  return {
    ...{ id, ...names, obstacle, size: found.Size },
    createdAt: (found.Created === undefined ? undefined : toDate(found.Created * 1000)) ?? '',
    ...(obstacle === undefined ? readContent(found) : { platforms: [], isArtifact: false, artifactType: undefined }),
  };
}

/** Older podman leaves the algorithm out of IDs, and so does its own API. */
function withAlgorithm(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id;
}

/**
 * Docker 20.10 calls a dangling image `<none>:<none>`. The containerd store lists an image that was pulled by its digest as
 * a tag, `name@sha256:…`, lists a name twice that was never normalised, and gives artifacts a digest without a name.
 */
function readNames({
  RepoTags,
  RepoDigests,
}: v.InferOutput<typeof record>): Pick<EngineImage, 'references' | 'digestReferences'> {
  const named = (name: string): boolean => name !== '' && !name.includes('<none>');
  const references = [...new Set(RepoTags.filter((name) => named(name) && !name.includes('@')))];
  const tagged = new Set(references.map(withoutTagAndDigest));
  const byDigest = [...RepoTags, ...RepoDigests].filter(
    (name) => named(name) && name.indexOf('@') > 0 && !tagged.has(withoutTagAndDigest(name)),
  );
  return { references, digestReferences: [...new Set(byDigest)] };
}

function readContent({
  Manifests,
  Descriptor,
}: v.InferOutput<typeof record>): Pick<EngineImage, 'platforms' | 'isArtifact' | 'artifactType'> {
  const here = (Manifests ?? []).filter(({ Available }) => Available);
  const isArtifact = here.length > 0 && here.every(({ Kind }) => Kind === 'unknown');
  if (isArtifact) return { platforms: [], isArtifact, artifactType: Descriptor?.artifactType };
  const named = here.flatMap(({ ImageData }) => ImageData?.Platform ?? []).map(toPlatform);
  const platforms = here.length === 0 ? undefined : distinctPlatforms(named);
  return { platforms, isArtifact, artifactType: undefined };
}

/** Records of the same image become one, with the names of all. */
export function mergeListed(images: readonly ListedImage[]): readonly ListedImage[] {
  const byId = new Map<string, ListedImage>();
  for (const [index, image] of images.entries()) {
    // Two images without an ID are not the same one.
    const key = image.id === '' ? String(index) : image.id;
    const former = byId.get(key);
    byId.set(key, former === undefined ? image : { ...former, ...mergeNames(former, image) });
  }
  return [...byId.values()];
}

function mergeNames(one: ListedImage, other: ListedImage): Pick<ListedImage, 'references' | 'digestReferences'> {
  const references = [...new Set([...one.references, ...other.references])];
  const tagged = new Set(references.map(withoutTagAndDigest));
  const byDigest = new Set([...one.digestReferences, ...other.digestReferences]);
  return { references, digestReferences: [...byDigest].filter((name) => !tagged.has(withoutTagAndDigest(name))) };
}

/** An item of `GET /containers/json`. */
const container = v.object({ ImageID: v.string(), State: v.fallback(v.string(), '') });

/** Their processes exist: moby's container states, `api/types/container/state.go`. */
const runningStates: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);

/** The list of all containers → how many each image has, by its ID. Undefined if it is no list. */
export function countContainers(answer: unknown): ReadonlyMap<string, ContainerCount> | undefined {
  if (!Array.isArray(answer)) return undefined;
  const counts = new Map<string, { running: number; stopped: number }>();
  for (const { ImageID, State } of readValue(listOf(container), answer) ?? []) {
    const id = withAlgorithm(ImageID);
    const count = counts.get(id) ?? { running: 0, stopped: 0 };
    count[runningStates.has(State) ? 'running' : 'stopped']++;
    counts.set(id, count);
  }
  return counts;
}
