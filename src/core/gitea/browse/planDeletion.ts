import type { Digest } from '../../oci/digest.ts';
import { isTag } from '../../oci/imageReference.ts';
import { allRows } from '../packagesApi.ts';
import { readGraph, type RepositoryGraph } from './readGraph.ts';
import { packageOf, type BrowseCall, type RegistryContents } from './registryContents.ts';

/** What a person has chosen to delete. */
export type DeletionTarget =
  | { readonly kind: 'image'; readonly repository: string }
  | { readonly kind: 'tag'; readonly repository: string; readonly tag: string }
  | { readonly kind: 'digest'; readonly repository: string; readonly digest: Digest };

/** One request, and what it deletes. */
export type DeletionStep =
  | { readonly kind: 'image'; readonly repository: string; readonly tags: readonly string[]; readonly untagged: number }
  /** A tag that stands for `digest`. */
  | { readonly kind: 'tag'; readonly repository: string; readonly tag: string; readonly digest: Digest }
  /** Gitea's version of this name, and no tag. */
  | { readonly kind: 'version'; readonly repository: string; readonly digest: Digest }
  /** Elsewhere: the manifest with all of its tags, which are these. */
  | {
      readonly kind: 'manifest';
      readonly repository: string;
      readonly digest: Digest;
      readonly tags: readonly string[];
    };

/** A tag whose index needs what is deleted. */
interface BrokenIndex {
  readonly repository: string;
  readonly tag: string;
  /** Of the images that it loses. */
  readonly lost: readonly string[];
}

/** What is deleted once it is confirmed. */
export interface ConfirmedDeletion {
  readonly steps: readonly DeletionStep[];
  /** Of each repository, Gitea's IDs of the versions that it had then. A tag that is pushed again has a new one. */
  readonly versions: ReadonlyMap<string, ReadonlySet<number>>;
}

export interface DeletionPlan extends ConfirmedDeletion {
  /** Tags that were chosen and are not there any more. */
  readonly gone: readonly string[];
  readonly broken: readonly BrokenIndex[];
}

/**
 * What is deleted if these are: by digest also the tags that stand for it. Each step names all that it deletes, so that a
 * person can confirm it.
 */
export async function planDeletion(
  contents: RegistryContents,
  targets: readonly DeletionTarget[],
  call: BrowseCall,
): Promise<DeletionPlan> {
  const whole = new Set(targets.filter(({ kind }) => kind === 'image').map(({ repository }) => repository));
  const steps: DeletionStep[] = [];
  const gone: string[] = [];
  const broken: BrokenIndex[] = [];
  const versions = new Map<string, ReadonlySet<number>>();
  for (const repository of whole) {
    const planned = await planImage(contents, repository, call);
    steps.push(planned.step);
    versions.set(repository, planned.versions);
  }
  const others = new Set(targets.map(({ repository }) => repository).filter((name) => !whole.has(name)));
  for (const repository of others) {
    const graph = await readGraph(contents, repository, call);
    versions.set(repository, graph.versions);
    const chosen = targets.filter((target) => target.repository === repository);
    const planned = planVersions(contents, graph, chosen);
    steps.push(...planned.steps);
    gone.push(...planned.gone);
    broken.push(...brokenIndexes(graph, planned.steps));
  }
  return { steps, versions, gone, broken };
}

async function planImage(
  contents: RegistryContents,
  repository: string,
  call: BrowseCall,
): Promise<{ readonly step: DeletionStep; readonly versions: ReadonlySet<number> }> {
  const pages = contents.packages?.versionsOf(packageOf({ repository }), call);
  const versions = pages === undefined ? [] : await allRows(pages);
  const tags = versions.filter(({ version }) => isTag(version)).map(({ version }) => version);
  const step = { kind: 'image', repository, tags, untagged: versions.length - tags.length } as const;
  return { step, versions: new Set(versions.map(({ id }) => id)) };
}

function planVersions(
  { packages }: RegistryContents,
  graph: RepositoryGraph,
  targets: readonly DeletionTarget[],
): Pick<DeletionPlan, 'steps' | 'gone'> {
  const { repository } = graph;
  const steps = new Map<string, DeletionStep>();
  const gone: string[] = [];
  const tagsOf = (digest: Digest): readonly string[] =>
    [...graph.tags].filter(([, of]) => of === digest).map(([tag]) => tag);
  const addTag = (tag: string, digest: Digest): unknown => steps.set(tag, { kind: 'tag', repository, tag, digest });
  for (const target of targets) {
    if (target.kind === 'tag') {
      const digest = graph.tags.get(target.tag);
      if (digest === undefined) gone.push(target.tag);
      else addTag(target.tag, digest);
    } else if (target.kind === 'digest') {
      const { digest } = target;
      const tags = tagsOf(digest);
      if (packages === undefined) {
        steps.set(digest, { kind: 'manifest', repository, digest, tags });
        continue;
      }
      // Tag by tag: DELETE of the digest would also delete a tag that was pushed after the person has confirmed.
      for (const tag of tags) addTag(tag, digest);
      const isStored = graph.untagged.some(({ version }) => version === digest);
      if (isStored) steps.set(digest, { kind: 'version', repository, digest });
      else if (tags.length === 0) gone.push(digest);
    }
  }
  const byDigest = new Set([...steps.values()].flatMap((step) => (step.kind === 'manifest' ? step.tags : [])));
  return { steps: [...steps.values()].filter((step) => step.kind !== 'tag' || !byDigest.has(step.tag)), gone };
}

/** The indexes that stay and name a manifest of which nothing stays. */
function brokenIndexes(graph: RepositoryGraph, steps: readonly DeletionStep[]): readonly BrokenIndex[] {
  const { repository } = graph;
  const deletedTags = new Set(
    steps.flatMap((step) => (step.kind === 'tag' ? [step.tag] : step.kind === 'manifest' ? step.tags : [])),
  );
  const deletedDigests = new Set(
    steps.flatMap((step) => (step.kind === 'version' || step.kind === 'manifest' ? [step.digest] : [])),
  );
  const touched = new Set(steps.flatMap((step) => (step.kind === 'image' ? [] : [step.digest])));
  const stays = (digest: Digest): boolean => {
    const byTag = [...graph.tags].some(([tag, of]) => of === digest && !deletedTags.has(tag));
    return byTag || (graph.untagged.some(({ version }) => version === digest) && !deletedDigests.has(digest));
  };
  const lostAmong = (digest: Digest): readonly string[] =>
    (graph.manifests.get(digest)?.children ?? [])
      .filter((child) => touched.has(child.digest) && !stays(child.digest))
      .map((child) => child.platform ?? child.digest);
  return [...graph.tags]
    .filter(([tag]) => !deletedTags.has(tag))
    .map(([tag, digest]) => ({ repository, tag, lost: lostAmong(digest) }))
    .filter(({ lost }) => lost.length > 0);
}
