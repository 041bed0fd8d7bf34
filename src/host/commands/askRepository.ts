import * as l10n from '@vscode/l10n';
import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { joinAlternatives } from '../../core/base/joinList.ts';
import { packageOf } from '../../core/gitea/browse/registryContents.ts';
import { readRepositoryName } from '../../core/gitea/restRows.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import { pageAt } from '../connections/connection.ts';
import { actionTitle } from '../errors/errorMessages.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askAlone, askChoice } from '../input/prompts.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { folderRepositories } from '../registry/folderRepositories.ts';
import type { ImageNode } from '../views/registries/registryTree.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

/** A repository, or what helps if they cannot be listed. */
type Answer = { readonly repository: string } | 'createToken' | 'retry';

const listTimeout = 20_000;

/**
 * Asks to which repository of its owner an image belongs. A token that may not list them may still link: so any name can be
 * typed. Undefined if the person cancels.
 */
export async function askRepository(
  { access }: Pick<RegistryActionDependencies, 'access'>,
  node: ImageNode,
): Promise<string | undefined> {
  const { connection, repository: image } = node;
  const { owner } = packageOf(node);
  for (;;) {
    const answer = await askAlone(l10n.t('Link to Repository'), (position) =>
      askChoice<Answer>(position, {
        placeholder: l10n.t`To which repository of ${owner} does ${`${connection.host}/${image}`} belong?`,
        choices: repositoryChoices(access, node),
        custom: (text) =>
          readRepositoryName({ name: text }) === undefined
            ? { problem: l10n.t`“${text}” cannot be the name of a repository.` }
            : { label: text, description: l10n.t('as typed'), icon: 'repo', value: { repository: text } },
        accept: async (chosen) => {
          if (chosen !== 'createToken') return undefined;
          await openInBrowser(pageAt(connection, tokenSettingsUrl(connection.webRoot)));
          return l10n.t('Sign in again with the new token. Or type the name of the repository here.');
        },
      }),
    );
    if (answer !== 'retry') return typeof answer === 'object' ? answer.repository : undefined;
  }
}

/** The repository of the open folder first. If they cannot be listed, that one and a row that says why. */
async function repositoryChoices(
  access: RegistryActionDependencies['access'],
  node: ImageNode,
): Promise<readonly Choice<Answer>[]> {
  const { owner } = packageOf(node);
  const opened = (await folderRepositories(node.connection))
    .filter((name) => name.startsWith(`${owner}/`))
    .map((name) => name.slice(owner.length + 1));
  const { names: listed, failure } = await listRepositories(access, node, owner);
  const isOpen = (name: string): boolean => opened.includes(name.toLowerCase());
  const names = [...listed.filter(isOpen), ...listed.filter((name) => !isOpen(name))];
  const unlisted = opened.filter((name) => !listed.some((one) => one.toLowerCase() === name));
  const rows = [...unlisted, ...names].map((name): Choice<Answer> => ({
    label: name,
    icon: 'repo',
    value: { repository: name },
    ...(isOpen(name) ? { description: l10n.t('the open folder') } : {}),
  }));
  return failure === undefined ? rows : [...rows, failureChoice(failure)];
}

async function listRepositories(
  access: RegistryActionDependencies['access'],
  { connection }: ImageNode,
  owner: string,
): Promise<{ readonly names: readonly string[]; readonly failure?: TeaChestError }> {
  try {
    const { packages } = await access.contents(connection);
    const signal = AbortSignal.timeout(listTimeout);
    return { names: (await packages?.repositories(owner, { signal })) ?? [] };
  } catch (error) {
    return { names: [], failure: toTeaChestError(error, 'browse') };
  }
}

/** Why there are no others. Enter on it does what helps. */
function failureChoice({ code, message, facts }: TeaChestError): Choice<Answer> {
  const value = code === 'scopeMissing' ? 'createToken' : 'retry';
  const { required } = facts;
  const scopes = Array.isArray(required) ? joinAlternatives(required) : '';
  return {
    label:
      scopes === ''
        ? l10n.t('Type the name: the repositories cannot be listed')
        : l10n.t`Type the name: the token lacks the scope ${scopes}`,
    description: actionTitle(value, code),
    detail: message,
    icon: 'warning',
    always: true,
    value,
  };
}
