import { isDigest, type Digest } from '../../oci/digest.ts';
import { readManifestLinks, type ManifestLinks } from '../../oci/manifestLinks.ts';
import type { PackageVersion } from '../restRows.ts';
import { forEachParallel, neededDigests, readGraph, requireReadable } from './readGraph.ts';
import type { BrowseCall, RegistryContents } from './registryContents.ts';

export interface UnneededVersion {
  readonly digest: Digest;
  readonly createdAt: string | undefined;
  /** Bytes of config and layers; undefined for an index. Other images may share them. */
  readonly size: number | undefined;
  readonly kind: 'image' | 'index';
}

export interface CleanUpPlan {
  readonly repository: string;
  /** Gitea's IDs of all versions that were looked at. */
  readonly versions: ReadonlySet<number>;
  /** Nothing that has a tag needs them, the last pushed first. */
  readonly unneeded: readonly UnneededVersion[];
  /** How many are kept because they are new: a push sends the parts of an index before its tag. */
  readonly recent: number;
  /** How many are kept because they could not be read. */
  readonly unreadable: number;
}

/** Milliseconds for which an untagged version is kept: a push may still be running. */
const keptFor = 60 * 60 * 1000;

/**
 * The versions of an image that no tag needs: without a tag, in no index that has one, and not about such a manifest
 * (image-spec 1.1 `subject`: signatures, attestations). Rejects if a tag cannot be read.
 */
export async function planCleanUp(
  contents: RegistryContents,
  name: string,
  call: BrowseCall,
  options: { readonly now: number; readonly onRead?: (done: number, total: number) => void },
): Promise<CleanUpPlan> {
  const graph = await readGraph(contents, name, call, options.onRead);
  requireReadable(graph, contents.host);
  const needed = neededDigests(graph);
  const rows = graph.untagged.filter(({ version }) => isDigest(version) && !needed.has(version));
  const isRecent = ({ createdAt }: PackageVersion): boolean =>
    createdAt === undefined || Date.parse(createdAt) > options.now - keptFor;
  const found = new Map<Digest, ManifestLinks>();
  const repository = await contents.open(name, call);
  const digests = rows.map(({ version }) => version).filter(isDigest);
  await forEachParallel(digests, call, async (digest) => {
    const stored = await repository.readManifest(digest, call);
    const links = stored && readManifestLinks(stored.bytes);
    // Gitea stores a manifest under any digest that a client names (docs/gitea.md §3).
    if (links !== undefined && stored?.digest === digest) found.set(digest, links);
  });
  // A new index that has no tag yet needs its parts, however old they are.
  const recentlyNeeded = rows.filter(isRecent).flatMap(({ version }) => childrenOf(found, version));
  const kept = withReferrers(new Set([...needed, ...recentlyNeeded]), found);
  const candidates = rows.filter((row) => isDigest(row.version) && !kept.has(row.version));
  const readable = candidates.filter(({ version }) => isDigest(version) && found.has(version));
  return {
    repository: name,
    versions: graph.versions,
    unneeded: readable.filter((row) => !isRecent(row)).flatMap((row) => describe(row, found)),
    recent: readable.filter(isRecent).length,
    unreadable: candidates.length - readable.length,
  };
}

function childrenOf(found: ReadonlyMap<Digest, ManifestLinks>, version: string): readonly Digest[] {
  const links = isDigest(version) ? found.get(version) : undefined;
  return (links?.children ?? []).map(({ digest }) => digest);
}

/** Adds what is about something that is kept, with all that it names. */
function withReferrers(kept: Set<Digest>, found: ReadonlyMap<Digest, ManifestLinks>): ReadonlySet<Digest> {
  for (let before = -1; before !== kept.size;) {
    before = kept.size;
    for (const [digest, { subject, children }] of found) {
      if (subject !== undefined && kept.has(subject)) kept.add(digest);
      if (kept.has(digest)) for (const child of children) kept.add(child.digest);
    }
  }
  return kept;
}

function describe(
  { version, createdAt }: PackageVersion,
  found: ReadonlyMap<Digest, ManifestLinks>,
): readonly UnneededVersion[] {
  const links = isDigest(version) ? found.get(version) : undefined;
  if (links === undefined || !isDigest(version)) return [];
  const sizes = [...links.layers, ...(links.config === undefined ? [] : [links.config])].map(({ size }) => size);
  const size = links.kind === 'index' ? undefined : sizes.reduce((sum, one) => sum + one, 0);
  return [{ digest: version, createdAt, size, kind: links.kind }];
}
