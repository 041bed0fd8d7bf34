import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { readManifestLinks, type ManifestLinks } from '../../oci/manifestLinks.ts';
import { isIndex } from '../../oci/mediaTypes.ts';
import type { Repository } from '../../registry/repository.ts';
import { allRows } from '../packagesApi.ts';
import type { PackageVersion } from '../restRows.ts';
import { packageOf, parallelReads, type BrowseCall, type RegistryContents } from './registryContents.ts';

/** The tags and manifests of one repository, and which manifest needs which. */
export interface RepositoryGraph {
  readonly repository: string;
  /** Tag → digest. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** Versions that are named by a digest. Empty where the registry does not list them. */
  readonly untagged: readonly PackageVersion[];
  /** Gitea's IDs of all versions. Empty where the registry does not list them. */
  readonly versions: ReadonlySet<number>;
  /** The tags, and what their indexes name; undefined for what is no manifest that we can read. */
  readonly manifests: ReadonlyMap<Digest, ManifestLinks | undefined>;
}

/**
 * Reads all tags of a repository with their manifests. `onRead`: after each of them.
 *
 * A tag may have been pushed or deleted while it was read. Whoever deletes by what is found here looks again before each
 * deletion.
 */
export async function readGraph(
  contents: RegistryContents,
  name: string,
  call: BrowseCall,
  onRead: (done: number, total: number) => void = () => undefined,
): Promise<RepositoryGraph> {
  const repository = await contents.open(name, call);
  // Versions first: what is pushed from now on is not among them, and is not taken for something that no tag needs.
  const versions =
    contents.packages && (await allRows(contents.packages.versionsOf(packageOf({ repository: name }), call)));
  const names: string[] = [];
  for await (const page of repository.tagPages(call)) names.push(...page);
  const digests = new Map<string, Digest>();
  const manifests = new Map<Digest, ManifestLinks | undefined>();
  let done = 0;
  await forEachParallel(names, call, async (tag) => {
    const stored = await repository.readManifest(tag, call);
    if (stored !== undefined) {
      digests.set(tag, stored.digest);
      manifests.set(stored.digest, readManifestLinks(stored.bytes));
    }
    onRead(++done, names.length);
  });
  await readNestedIndexes(repository, manifests, call);
  // In the order of the registry's list, and not in that of its answers.
  const tags = new Map(names.map((tag) => [tag, digests.get(tag)] as const).filter(isFound));
  const untagged = (versions ?? []).filter(({ usable, version }) => usable && isDigest(version));
  return { repository: name, tags, untagged, versions: new Set((versions ?? []).map(({ id }) => id)), manifests };
}

function isFound(entry: readonly [string, Digest | undefined]): entry is readonly [string, Digest] {
  return entry[1] !== undefined;
}

/** Gitea refuses an index in an index; other registries have them. */
async function readNestedIndexes(
  repository: Repository,
  manifests: Map<Digest, ManifestLinks | undefined>,
  call: BrowseCall,
): Promise<void> {
  for (;;) {
    const open = [...manifests.values()]
      .flatMap((links) => links?.children ?? [])
      .filter(({ mediaType, digest }) => isIndex(mediaType) && !manifests.has(digest));
    if (open.length === 0) return;
    await forEachParallel([...new Set(open.map(({ digest }) => digest))], call, async (digest) => {
      const stored = await repository.readManifest(digest, call);
      manifests.set(digest, stored && readManifestLinks(stored.bytes));
    });
  }
}

/** Everything that a tag needs: what it stands for, and what indexes name. */
export function neededDigests(graph: Pick<RepositoryGraph, 'tags' | 'manifests'>): ReadonlySet<Digest> {
  const needed = new Set<Digest>();
  const open = [...graph.tags.values()];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (needed.has(digest)) continue;
    needed.add(digest);
    open.push(...(graph.manifests.get(digest)?.children ?? []).map((child) => child.digest));
  }
  return needed;
}

/** The tags of manifests that could not be read: nothing is known about what they need. */
function unreadableTags({ tags, manifests }: RepositoryGraph): readonly string[] {
  return [...tags].filter(([, digest]) => manifests.get(digest) === undefined).map(([tag]) => tag);
}

/** Rejects if what the tags need is not fully known: then nothing can be said to be needed by none. */
export function requireReadable(graph: RepositoryGraph, host: string): void {
  const nested = [...graph.manifests].filter(([, links]) => links === undefined);
  if (nested.length === 0) return;
  const [tag] = unreadableTags(graph);
  const image = `${host}/${graph.repository}`;
  throw new TeaChestError(
    'registryRefused',
    tag === undefined
      ? l10n.t`An index of ${image} is no manifest that Tea Chest can read, so it is not known what it needs.`
      : l10n.t`The tag “${tag}” of ${image} is no manifest that Tea Chest can read, so it is not known what it needs.`,
    { facts: { host } },
  );
}

/** Runs `work` for all items, a few at the same time. The first failure is thrown when all that had begun have ended. */
export async function forEachParallel<T>(
  items: readonly T[],
  { signal }: BrowseCall,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const semaphore = new Semaphore(parallelReads);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const outcomes = await Promise.allSettled(
    items.map(async (item) =>
      semaphore.run(async () => {
        try {
          await work(item);
        } catch (error) {
          stop.abort(error);
          throw error;
        }
      }, stopped),
    ),
  );
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failures.length > 0) throw (stop.signal.aborted ? stop.signal.reason : failures[0]) as unknown;
}
