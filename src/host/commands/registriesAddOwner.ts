import * as l10n from '@vscode/l10n';
import { isCancelled, toTeaChestError } from '../../core/base/errors.ts';
import { checkOwner } from '../../core/gitea/checkTarget.ts';
import type { RegistryContents } from '../../core/gitea/browse/registryContents.ts';
import { isReferenceText } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { askAlone, askText, pickOne } from '../input/prompts.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

const checkTimeout = 20_000;

/**
 * `teaChest.registries.addOwner`: shows another owner of a registry, or, on registries without owners, another repository.
 * Only one that the person may see is accepted.
 */
export async function registriesAddOwnerCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  const connection = node?.type === 'registry' ? node.connection : await pickConnection(dependencies);
  if (connection !== undefined) await addOwner(dependencies, connection);
}

/** For a registry that is known. */
export async function addOwner(dependencies: RegistryActionDependencies, connection: Connection): Promise<void> {
  const isGeneric = connection.kind === 'generic';
  const name = await askAlone(isGeneric ? l10n.t('Add Repository') : l10n.t('Add Owner'), (position) =>
    askText(position, {
      prompt: isGeneric
        ? l10n.t`A repository of ${connection.host}, such as team/app`
        : l10n.t`A user or an organization of ${connection.host}`,
      judge: (text) => judge(connection, text.trim()),
      accept: async (text, signal) => await problemWith(dependencies, connection, text.trim(), signal),
    }),
  );
  if (name === undefined) return;
  dependencies.addedOwners.add(connection, nameOf(connection, name.trim()));
  dependencies.registriesView.update();
}

/** `teaChest.registries.removeOwner`: removes a row that the person has added. Nothing is deleted in the registry. */
export function registriesRemoveOwnerCommand(
  { addedOwners, registriesView }: RegistryActionDependencies,
  node: RegistryNode | undefined,
): void {
  if (node?.type === 'owner') addedOwners.remove(node.connection, node.owner);
  else if (node?.type === 'image' && node.isAdded) addedOwners.remove(node.connection, node.repository);
  else return;
  registriesView.update();
}

async function pickConnection({ store }: RegistryActionDependencies): Promise<Connection | undefined> {
  const [first, ...others] = store.list();
  if (first === undefined || others.length === 0) return first;
  const choices = [first, ...others].map((connection) => ({ label: connection.host, value: connection }));
  return await pickOne(choices, { title: l10n.t('Add Owner'), placeholder: l10n.t('Of which registry?') });
}

function judge(connection: Connection, text: string): { readonly problem?: string; readonly notice?: string } {
  if (text === '') return {};
  if (connection.kind === 'generic') {
    const isName = isReferenceText(`${connection.host}/${text}`) && !/[:@]/.test(text);
    return isName ? {} : { problem: l10n.t`“${text}” cannot be the name of a repository: write it like team/app.` };
  }
  const check = checkOwner(text);
  if (!check.ok) return { problem: check.why };
  return check.notice === undefined ? {} : { notice: check.notice };
}

function nameOf(connection: Connection, text: string): string {
  const check = checkOwner(text);
  return connection.kind === 'generic' || !check.ok ? text : check.value;
}

async function problemWith(
  { access }: RegistryActionDependencies,
  connection: Connection,
  name: string,
  closed: AbortSignal,
): Promise<string | undefined> {
  if (name === '') return l10n.t('Write a name.');
  try {
    const signal = AbortSignal.any([closed, AbortSignal.timeout(checkTimeout)]);
    return await look(await access.contents(connection), nameOf(connection, name), signal);
  } catch (error) {
    if (isCancelled(error)) return undefined;
    return errorMessage(toTeaChestError(error, 'browse')).message;
  }
}

/** Reads one page of what is there; an empty owner can be added, because a first push may follow. */
async function look(contents: RegistryContents, name: string, signal: AbortSignal): Promise<string | undefined> {
  if (contents.packages !== undefined) {
    await contents.packages.versions(name, { signal }).next();
    return undefined;
  }
  const repository = await contents.open(name, { signal });
  const first = await repository.tagPages({ signal }).next();
  return first.done === true ? l10n.t`${contents.host} has no repository “${name}”, or it has no tags.` : undefined;
}
