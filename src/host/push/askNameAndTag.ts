import * as l10n from '@vscode/l10n';
import type { Audience } from '../../core/gitea/readAudience.ts';
import type { Connection } from '../connections/connection.ts';
import { askText } from '../input/prompts.ts';
import { audienceSentence } from '../targets/audienceText.ts';
import { hasOwners, judgeName, judgeTag } from '../targets/settleTarget.ts';
import { warnOfOthers } from '../targets/suggestedName.ts';
import { formatTarget, proposeTarget } from '../targets/target.ts';
import { chosenConnection, ownerOf } from './askOwner.ts';
import { localReferences } from './localReferences.ts';
import { pastedDestination } from './pastedDestination.ts';
import type { Ask, PushDialog } from './pushAnswers.ts';
import type { PushSources } from './pushSources.ts';

export const askName: Ask = async (dialog, answers, position) => {
  const { image = '', problem } = answers;
  const connection = chosenConnection(dialog, answers);
  const kind = connection?.kind ?? 'generic';
  const owner = connection && (await ownerOf(dialog, answers, connection));
  const references = await localReferences(dialog.images);
  const name = await askText(position, {
    prompt: hasOwners(kind) ? l10n.t('Name of the image') : l10n.t('Name of the repository'),
    value: answers.name ?? proposeTarget(image, owner).name ?? '',
    placeholder: 'app',
    problem,
    judge: (text) => {
      const pasted = pastedDestination(text, dialog.store);
      if (pasted !== undefined)
        return 'problem' in pasted ? pasted : { notice: pastedNotice(formatTarget(pasted.target)) };
      return judgeName(text.trim(), kind, (suggestion) => warnOfOthers(suggestion, image, references));
    },
    accept: async (text) => await problemWithName(dialog, connection, owner, text.trim()),
  });
  const pasted = pastedDestination(name, dialog.store);
  if (pasted !== undefined && !('problem' in pasted)) {
    return { ...answers, connection: pasted.connection, accepted: pasted, problem: undefined };
  }
  return { ...answers, name: name.trim(), problem: undefined };
};

/** Asks the registry whether the person may push there. */
async function problemWithName(
  { store, preflight }: PushDialog,
  connection: Connection | undefined,
  owner: string | undefined,
  name: string,
): Promise<string | undefined> {
  const pasted = pastedDestination(name, store);
  if (pasted !== undefined) {
    return 'problem' in pasted
      ? pasted.problem
      : (await preflight.refusalOf(pasted.connection, pasted.target.repository))?.message;
  }
  return connection && (await preflight.refusalOf(connection, repositoryOf(owner, name)))?.message;
}

function pastedNotice(target: string): string {
  return l10n.t({
    message: 'To {0}',
    args: [target],
    comment: 'Where the image will be pushed, below a text field in which a whole target was pasted',
  });
}

function repositoryOf(owner: string | undefined, name: string): string {
  return owner === undefined ? name : `${owner.toLowerCase()}/${name}`;
}

export const askTag: Ask = async (dialog, answers, position) => {
  const connection = chosenConnection(dialog, answers);
  const kind = connection?.kind ?? 'generic';
  const repository = connection && repositoryOf(await ownerOf(dialog, answers, connection), answers.name ?? '');
  const prompt = connection === undefined ? l10n.t('Tag') : l10n.t`Tag of ${connection.host}/${repository ?? ''}`;
  const tag = await askText(position, {
    prompt,
    betterPrompt:
      connection &&
      audienceOf(dialog.access, connection, repository ?? '').then((audience) =>
        audience === undefined ? prompt : `${prompt} (${audienceSentence(audience) ?? ''})`,
      ),
    value: answers.tag ?? proposeTarget(answers.image ?? '', undefined).tag ?? '',
    placeholder: 'latest',
    judge: (text) => judgeTag(text.trim(), kind),
  });
  return { ...answers, tag: tag.trim() };
};

/** Who can pull what is pushed to a repository. Undefined if the registry does not say. */
export async function audienceOf(
  access: PushSources['access'],
  connection: Connection,
  repository: string,
): Promise<Audience | undefined> {
  if (!hasOwners(connection.kind)) return undefined;
  return await access.audienceOf(connection, (repository.split('/')[0] ?? '').toLowerCase());
}
