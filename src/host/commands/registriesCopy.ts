import * as l10n from '@vscode/l10n';
import { copyDigests, copyImageLine, type LineKind } from '../display/clipboard.ts';
import { pickOne } from '../input/prompts.ts';
import { nodeReference, type DigestNode, type RegistryNode, type TagNode } from '../views/registries/registryTree.ts';
import { digestOfNode, withRegistry, type RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.copyDigest`: what the tags stand for now. */
export async function registriesCopyDigestCommand(
  dependencies: RegistryActionDependencies,
  nodes: readonly RegistryNode[],
): Promise<void> {
  const rows = nodes.filter((node): node is TagNode | DigestNode => node.type === 'tag' || node.type === 'digest');
  const [first] = rows;
  if (first === undefined) return;
  const own = rows.filter(({ connection }) => connection.origin === first.connection.origin);
  const digests = await withRegistry(dependencies, first.connection, l10n.t('Reading the digest'), async (call) => {
    const found = await Promise.all(own.map((row) => digestOfNode(call, row)));
    return found.filter((digest) => digest !== undefined);
  });
  await copyDigests(digests ?? []);
}

const kinds: readonly { readonly label: string; readonly description: string; readonly value: LineKind }[] = [
  { label: 'Kubernetes', description: l10n.t('image: … of a container'), value: 'kubernetes' },
  { label: 'Compose', description: l10n.t('image: … of a service'), value: 'compose' },
  { label: 'Dockerfile', description: 'FROM …', value: 'dockerfile' },
  { label: 'Docker', description: 'docker pull …', value: 'docker' },
  { label: 'Podman', description: 'podman pull …', value: 'podman' },
];

/** `teaChest.registries.copyAs`: the line for another tool, after asking for which. */
export async function registriesCopyAsCommand(node: RegistryNode | undefined): Promise<void> {
  const reference = node && nodeReference(node);
  if (reference === undefined) return;
  const kind = await pickOne(kinds, {
    title: l10n.t('Copy As'),
    placeholder: l10n.t`The line that names ${reference}`,
  });
  if (kind !== undefined) await copyImageLine(kind, reference);
}
