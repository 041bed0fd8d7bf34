import * as l10n from '@vscode/l10n';
import { packageOf } from '../../core/gitea/browse/registryContents.ts';
import { isCancelled, TeaChestError } from '../../core/base/errors.ts';
import { readRepositoryName } from '../../core/gitea/restRows.ts';
import { askModal, showInformation } from '../display/messages.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askAlone, askChoice } from '../input/prompts.ts';
import { linkPackage } from '../registry/linkPackage.ts';
import { folderRepositories } from '../registry/folderRepositories.ts';
import type { ImageNode, RegistryNode } from '../views/registries/registryTree.ts';
import { withRegistry, type RegistryActionDependencies } from './registryAction.ts';

const listTimeout = 20_000;

/** `teaChest.registries.link`: links an image to a repository of its owner, which the person chooses. */
export async function registriesLinkCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'image' || node.connection.kind === 'generic') return;
  const { connection, repository: image } = node;
  const name = `${connection.host}/${image}`;
  const repository = await askAlone(l10n.t('Link to Repository'), (position) =>
    askChoice(position, {
      placeholder: l10n.t`To which repository of ${packageOf(node).owner} does ${name} belong?`,
      choices: repositoryChoices(dependencies, node),
      custom: (text) =>
        readRepositoryName({ name: text }) === undefined
          ? { problem: l10n.t`“${text}” cannot be the name of a repository.` }
          : { label: text, description: l10n.t('as typed'), icon: 'repo', value: text },
    }),
  );
  if (repository === undefined) return;
  const link = { host: connection.host, id: packageOf(node) };
  const title = l10n.t`Linking ${name} to ${repository}`;
  const done = await withRegistry(dependencies, connection, title, async ({ contents, signal }) => {
    const former = node.listed?.linkedTo;
    if (former === repository) return true;
    // Gitea does not link what is linked already.
    if (former !== undefined) await contents.packages?.unlink(packageOf(node), { signal });
    try {
      await linkPackage(contents.packages, { ...link, repository }, signal);
    } catch (error) {
      if (former !== undefined)
        await linkPackage(contents.packages, { ...link, repository: former }, signal).catch(() => undefined);
      throw error;
    }
    return true;
  });
  if (done !== true) return;
  dependencies.registriesView.update();
  void showInformation(l10n.t`${name} is linked to the repository ${repository} now.`, []);
}

/** `teaChest.registries.unlink`: after a confirmation that names both. */
export async function registriesUnlinkCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'image' || node.listed?.linkedTo === undefined) return;
  const { connection, listed, repository } = node;
  const name = `${connection.host}/${repository}`;
  const detail = l10n.t('Neither the image nor the repository is changed.');
  const question = l10n.t`Unlink ${name} from the repository ${listed.linkedTo ?? ''}?`;
  if (!(await askModal(question, [detail], l10n.t('Unlink')))) return;
  const done = await withRegistry(dependencies, connection, l10n.t`Unlinking ${name}`, async ({ contents, signal }) => {
    await contents.packages?.unlink(packageOf(node), { signal });
    return true;
  });
  if (done === true) dependencies.registriesView.update();
}

/** The repository of the open folder first. Without the scopes for the list, only that; any other can be typed. */
async function repositoryChoices(
  { access }: RegistryActionDependencies,
  node: ImageNode,
): Promise<readonly Choice<string>[]> {
  const { owner } = packageOf(node);
  const opened = (await folderRepositories(node.connection))
    .filter((name) => name.startsWith(`${owner}/`))
    .map((name) => name.slice(owner.length + 1));
  const listed = await namesOf(access, node, owner);
  const isOpen = (name: string): boolean => opened.includes(name.toLowerCase());
  const names = [...listed.filter(isOpen), ...listed.filter((name) => !isOpen(name))];
  const unlisted = opened.filter((name) => !listed.some((one) => one.toLowerCase() === name));
  return [...unlisted, ...names].map((name) => ({
    label: name,
    icon: 'repo',
    value: name,
    ...(isOpen(name) ? { description: l10n.t('the open folder') } : {}),
  }));
}

async function namesOf(
  access: RegistryActionDependencies['access'],
  { connection }: ImageNode,
  owner: string,
): Promise<readonly string[]> {
  try {
    const { packages } = await access.contents(connection);
    const signal = AbortSignal.timeout(listTimeout);
    return (await packages?.repositories(owner, { signal })) ?? [];
  } catch (error) {
    if (!(error instanceof TeaChestError) || isCancelled(error)) throw error;
    // A token that may not list repositories may still link one by its name.
    return [];
  }
}
