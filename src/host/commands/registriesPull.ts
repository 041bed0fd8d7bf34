import type { PullController } from '../pull/pullController.ts';
import type { PullJob } from '../pull/pullJob.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';

/** `teaChest.registries.pull`: pulls the chosen tags and digests into the container engine. */
export async function registriesPullCommand(
  pull: Pick<PullController, 'pullAll'>,
  nodes: readonly RegistryNode[],
): Promise<void> {
  await pull.pullAll(nodes.flatMap((node) => jobOf(node) ?? []));
}

function jobOf(node: RegistryNode): PullJob | undefined {
  if (node.type !== 'tag' && node.type !== 'digest') return undefined;
  const { connection, repository } = node;
  const { host } = connection;
  const reference =
    node.type === 'tag' ? { host, repository, tag: node.tag } : { host, repository, digest: node.digest };
  return { connection, reference };
}
