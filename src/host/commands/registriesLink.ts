import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { packageOf } from '../../core/gitea/browse/registryContents.ts';
import { moveLink, readLink, unlinkPackage } from '../../core/gitea/linkPackage.ts';
import { askModal, showInformation } from '../display/messages.ts';
import type { ImageNode, RegistryNode } from '../views/registries/registryTree.ts';
import { askRepository } from './askRepository.ts';
import { withRegistry, type RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.link`: links an image to a repository of its owner, which the person chooses. */
export async function registriesLinkCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'image' || node.connection.kind === 'generic') return;
  const { connection } = node;
  const name = nameOf(node);
  const repository = await askRepository(dependencies, node);
  if (repository === undefined) return;
  const wanted = { host: connection.host, id: packageOf(node), repository };
  const title = l10n.t`Linking ${name} to ${repository}`;
  const done = await withRegistry(dependencies, connection, title, async ({ contents: { packages }, signal }) => {
    if (packages === undefined) throw noPackages(node);
    try {
      return { former: await moveLink(packages, wanted, { signal }) };
    } finally {
      // Also after a failure: the former link may be lost, or the image was linked by somebody else.
      dependencies.registriesView.update();
    }
  });
  if (done === undefined) return;
  const { former } = done;
  const message =
    former === undefined || former.toLowerCase() === repository.toLowerCase()
      ? l10n.t`${name} is linked to the repository ${repository} now.`
      : l10n.t`${name} is linked to the repository ${repository} now, and no longer to ${former}.`;
  void showInformation(message, []);
}

/** `teaChest.registries.unlink`: after a confirmation that names both. */
export async function registriesUnlinkCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'image' || node.connection.kind === 'generic') return;
  const { connection } = node;
  const name = nameOf(node);
  const id = packageOf(node);
  const title = l10n.t`Unlinking ${name}`;
  // The row may be older than the link, and of a large owner it was not read.
  const link = await withRegistry(dependencies, connection, title, async ({ contents: { packages }, signal }) => {
    if (packages === undefined) throw noPackages(node);
    return (await readLink(packages, id, { signal })) ?? { repository: undefined };
  });
  if (link === undefined) return;
  if (link.repository === undefined) {
    dependencies.registriesView.update();
    void showInformation(l10n.t`${name} is linked to no repository that you may see.`, []);
    return;
  }
  const detail = l10n.t('Neither the image nor the repository is changed.');
  const question = l10n.t`Unlink ${name} from the repository ${link.repository}?`;
  if (!(await askModal(question, [detail], l10n.t('Unlink')))) return;
  await withRegistry(dependencies, connection, title, async ({ contents: { packages }, signal }) => {
    if (packages === undefined) throw noPackages(node);
    try {
      await unlinkPackage(packages, { host: connection.host, id }, { signal });
    } finally {
      dependencies.registriesView.update();
    }
  });
}

function nameOf({ connection, repository }: ImageNode): string {
  return `${connection.host}/${repository}`;
}

function noPackages(node: ImageNode): TeaChestError {
  return new TeaChestError('registryRefused', l10n.t`${node.connection.host} has no packages.`);
}
