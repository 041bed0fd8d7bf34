import type { PackageVersion } from '../restRows.ts';
import { neededDigests, readGraph } from './readGraph.ts';
import type { BrowseCall, RegistryContents } from './registryContents.ts';
import { isDigest } from '../../oci/digest.ts';

/** The versions of an image that no tag needs, the last pushed first. What indexes name is not among them. */
export async function listUntagged(
  contents: RegistryContents,
  repository: string,
  call: BrowseCall,
): Promise<readonly PackageVersion[]> {
  const graph = await readGraph(contents, repository, call);
  const needed = neededDigests(graph);
  return graph.untagged.filter(({ version }) => isDigest(version) && !needed.has(version));
}
