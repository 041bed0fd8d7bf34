import * as l10n from '@vscode/l10n';
import type { TeaChestError } from '../../core/base/errors.ts';
import { describeConnection, type Connection } from '../connections/connection.ts';
import type { Choice, Typed } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import type { StepPosition } from '../input/runSteps.ts';
import type { Owners } from '../registry/registryBrowser.ts';
import { hasOwners, judgeOwner } from '../targets/settleTarget.ts';
import { formatTarget, type Destination } from '../targets/target.ts';
import { ownerChoices } from './ownerChoices.ts';
import type { OwnersCache } from './ownersCache.ts';
import { pastedDestination } from './pastedDestination.ts';
import { refusalRow, type Preflight } from './preflight.ts';
import type { PushSources } from './pushSources.ts';

/** The registry and the owner, as far as they are answered. */
export interface OwnerAnswers {
  readonly connection?: Connection | undefined;
  readonly owner?: string | undefined;
  /** A whole destination that was accepted: as it was proposed, or pasted. */
  readonly accepted?: Destination | undefined;
}

/** What these questions are made from. */
export interface OwnerDialog {
  readonly store: Pick<PushSources['store'], 'list' | 'findByHost'>;
  readonly owners: OwnersCache;
  readonly preflight: Preflight;
  readonly memory: Pick<PushSources['memory'], 'owners'>;
  readonly folderRepositories: PushSources['folderRepositories'];
  /** True if the push is of one image, so that its whole target can be pasted. */
  readonly isOfOneImage: boolean;
}

type Ask = <T extends OwnerAnswers>(dialog: OwnerDialog, answers: T, position: StepPosition) => Promise<T>;

export const askRegistry: Ask = async ({ store }, answers, position) => {
  const connection = await askChoice(position, {
    placeholder: l10n.t('Which registry?'),
    choices: store.list().map((one) => ({ label: one.host, description: describeConnection(one), value: one })),
  });
  const owner = connection.origin === answers.connection?.origin ? answers.owner : undefined;
  return { ...answers, connection, owner };
};

/** `undefined`: the person wants to type the owner. */
type OwnerAnswer = string | Destination | undefined;

export const askOwner: Ask = async (dialog, answers, position) => {
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined) return answers;
  const answer = await askChoice<OwnerAnswer>(position, {
    placeholder: l10n.t`Which owner on ${connection.host}? Pick one, or type another user or organization`,
    choices: loadChoices(dialog, connection, answers.owner),
    custom: (text) => typedOwner(dialog, text),
    accept: async (chosen) => {
      if (chosen === undefined) return undefined;
      if (typeof chosen === 'object') {
        return refusalRow(await dialog.preflight.refusalOf(chosen.connection, chosen.target.repository));
      }
      const refusal = await refusalOfOwner(dialog, connection, chosen);
      const nearest = refusal?.facts['suggestion'];
      const instead = typeof nearest === 'string' ? { label: nearest, value: nearest } : undefined;
      const row = refusalRow(refusal);
      return row && { ...row, instead };
    },
  });
  if (typeof answer === 'object') return { ...answers, connection: answer.connection, accepted: answer };
  return { ...answers, owner: answer ?? (await askOtherOwner(dialog, connection, position)) };
};

async function loadChoices(
  { owners, memory, folderRepositories }: OwnerDialog,
  connection: Connection,
  former: string | undefined,
): Promise<readonly Choice<OwnerAnswer>[]> {
  const [known, repositories] = await Promise.all([owners.get(connection), folderRepositories(connection)]);
  const ofFolders = repositories.map((repository) => repository.split('/')[0] ?? '');
  const pushedTo = memory.owners(connection.origin);
  const rows = ownerChoices({ connection, owners: known, former, pushedTo, ofFolders });
  // For a name that is only the beginning of a listed one.
  return [...rows, { label: l10n.t('Another owner…'), icon: 'edit', always: true, value: undefined }];
}

function typedOwner({ store, isOfOneImage }: OwnerDialog, text: string): Typed<OwnerAnswer> {
  const pasted = isOfOneImage ? pastedDestination(text, store) : undefined;
  if (pasted !== undefined) return 'problem' in pasted ? pasted : pastedRow(pasted);
  const { problem } = judgeOwner(text);
  return problem === undefined
    ? { label: text.toLowerCase(), description: l10n.t('as typed'), value: text }
    : { problem };
}

/** The row of a pasted target. */
export function pastedRow(destination: Destination): Choice<Destination> {
  return {
    label: formatTarget(destination.target),
    description: l10n.t('as pasted'),
    icon: 'clippy',
    value: destination,
  };
}

/** Asks the registry whether the person may push to the owner. What the image will be called does not matter for that. */
async function refusalOfOwner(
  { preflight }: OwnerDialog,
  connection: Connection,
  owner: string,
): Promise<TeaChestError | undefined> {
  return await preflight.refusalOf(connection, `${owner.toLowerCase()}/app`);
}

async function askOtherOwner(dialog: OwnerDialog, connection: Connection, position: StepPosition): Promise<string> {
  const owner = await askText(position, {
    prompt: l10n.t`User or organization on ${connection.host}`,
    judge: (text) => judgeOwner(text.trim()),
    accept: async (text) => (await refusalOfOwner(dialog, connection, text.trim()))?.message,
  });
  return owner.trim();
}

/** Undefined while it is not answered. */
export function chosenConnection({ store }: OwnerDialog, answers: OwnerAnswers): Connection | undefined {
  const all = store.list();
  return all.length === 1 ? all[0] : answers.connection;
}

/** True if the registry has no owners, or the person may push to only one and has pushed to no other. */
export function hasOneOwner(dialog: OwnerDialog, answers: OwnerAnswers): boolean | Promise<boolean> {
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined) return false;
  if (!hasOwners(connection.kind)) return true;
  // A site administrator may have pushed to others.
  const pushedTo = dialog.memory.owners(connection.origin);
  const isOne = ({ names, complete }: Owners): boolean =>
    complete && names.length === 1 && pushedTo.every((name) => names.includes(name));
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
