import { describeConnection, type Connection } from '../connections/connection.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import type { StepPosition } from '../input/runSteps.ts';
import type { Owners } from '../registry/registryBrowser.ts';
import { hasOwners, judgeOwner } from '../targets/settleTarget.ts';
import type { OwnersCache } from './ownersCache.ts';
import type { PushSources } from './pushSources.ts';

/** The registry and the owner, as far as they are answered. */
export interface OwnerAnswers {
  readonly connection?: Connection | undefined;
  readonly owner?: string | undefined;
}

/** What these questions are made from. */
export interface OwnerDialog {
  readonly store: Pick<PushSources['store'], 'list'>;
  readonly owners: OwnersCache;
}

type Ask = <T extends OwnerAnswers>(dialog: OwnerDialog, answers: T, position: StepPosition) => Promise<T>;

export const askRegistry: Ask = async ({ store }, answers, position) => {
  const connection = await askChoice(position, {
    placeholder: 'Which registry?',
    choices: store.list().map((one) => ({ label: one.host, description: describeConnection(one), value: one })),
  });
  const owner = connection.origin === answers.connection?.origin ? answers.owner : undefined;
  return { ...answers, connection, owner };
};

export const askOwner: Ask = async (dialog, answers, position) => {
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined) return answers;
  const owner = await askChoice<string | undefined>(position, {
    placeholder: `Which owner on ${connection.host}? Pick one, or type another user or organization`,
    choices: dialog.owners.get(connection).then((owners) => ownerChoices(owners, connection, answers.owner)),
    custom: (text) => {
      const { problem } = judgeOwner(text);
      return problem === undefined ? { label: text.toLowerCase(), description: 'as typed', value: text } : { problem };
    },
  });
  return { ...answers, owner: owner ?? (await askOtherOwner(connection, position)) };
};

/** The former answer first. The last row asks for a name that is only the beginning of a listed one. */
function ownerChoices(
  { names, publicNames }: Owners,
  connection: Connection,
  former: string | undefined,
): readonly Choice<string | undefined>[] {
  const isFormer = (name: string): boolean => name === former;
  const sorted = [...names.filter(isFormer), ...names.filter((name) => !isFormer(name))];
  const choices = sorted.map((name): Choice<string | undefined> => {
    const isYou = name.toLowerCase() === connection.username.toLowerCase();
    const notes = [isYou ? 'you' : '', publicNames.includes(name) ? 'public' : ''].filter((note) => note !== '');
    return { label: name, ...(notes.length > 0 && { description: notes.join(' · ') }), value: name };
  });
  return [...choices, { label: '…', description: 'Another owner', icon: 'edit', always: true, value: undefined }];
}

async function askOtherOwner(connection: Connection, position: StepPosition): Promise<string> {
  const owner = await askText(position, {
    prompt: `User or organization on ${connection.host}`,
    judge: (text) => judgeOwner(text.trim()),
  });
  return owner.trim();
}

/** Undefined while it is not answered. */
export function chosenConnection({ store }: OwnerDialog, answers: OwnerAnswers): Connection | undefined {
  const all = store.list();
  return all.length === 1 ? all[0] : answers.connection;
}

/** True if the registry has no owners, or the person may push to only one. */
export function hasOneOwner(dialog: OwnerDialog, answers: OwnerAnswers): boolean | Promise<boolean> {
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined) return false;
  if (!hasOwners(connection.kind)) return true;
  const isOne = ({ names, complete }: Owners): boolean => complete && names.length === 1;
  const loaded = dialog.owners.loaded(connection);
  return loaded === undefined ? dialog.owners.get(connection).then(isOne) : isOne(loaded);
}

export async function ownerOf(
  { owners }: OwnerDialog,
  answers: OwnerAnswers,
  connection: Connection,
): Promise<string | undefined> {
  if (!hasOwners(connection.kind)) return undefined;
  return answers.owner ?? (await owners.get(connection)).names[0];
}
