import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../../core/base/errors.ts';
import type { Connection } from '../connections/connection.ts';
import type { Choice, Typed } from '../input/choiceRows.ts';
import { askChoice } from '../input/prompts.ts';
import { audienceNote } from '../targets/audienceText.ts';
import { confirmationDetail, unconfirmedSoon, type WideAudience } from '../targets/publicOwners.ts';
import { hasOwners, settleTarget } from '../targets/settleTarget.ts';
import { withWarningOfOthers } from '../targets/suggestedName.ts';
import { formatTarget, ownerInName, proposeTarget, type Destination } from '../targets/target.ts';
import { audienceOf } from './askNameAndTag.ts';
import { chosenConnection, pastedRow } from './askOwner.ts';
import { localReferences } from './localReferences.ts';
import { pastedDestination } from './pastedDestination.ts';
import { refusalRow } from './preflight.ts';
import { splitRepository, type Answers, type Ask, type PushDialog, type TargetPart } from './pushAnswers.ts';
import { parseDestination, suggestDestination } from './resolvePush.ts';

/** A destination that is proposed, in its parts. An empty part is not known. */
interface Draft {
  readonly connection: Connection;
  /** Undefined on a registry without owners. */
  readonly owner: string | undefined;
  readonly name: string;
  readonly tag: string;
}

/** A draft, and whether it can be pushed to. `audience`: who can pull it, where accepting the row confirms that. */
type Judged = Draft &
  (
    | { readonly destination: Destination; readonly audience: WideAudience | undefined }
    | { readonly part: TargetPart; readonly problem: string }
  );

/**
 * Proposes a whole destination in the first row, which Enter accepts. The rows below it change one part each. A target can
 * also be typed or pasted.
 */
export const askTarget: Ask = async (dialog, answers, position) => {
  const { store, access, preflight } = dialog;
  const { image = '', problem } = answers;
  const drafting = draftOf(dialog, answers).then((draft) => judge(dialog, image, draft));
  // A failure is shown by the list.
  drafting.catch(() => undefined);
  const last = dialog.memory.last(image);
  const isAsBefore = ({ target }: Destination): boolean =>
    last !== undefined && formatTarget(last.target) === formatTarget(target);
  const chosen = await askChoice<Destination | TargetPart>(position, {
    placeholder:
      dialog.start.isPreview === true
        ? l10n.t`Where should ${image} go? Enter shows the plan; the rows below change a part`
        : l10n.t`Where should ${image} go? Enter pushes it; the rows below change a part`,
    problem,
    choices: drafting.then((judged) => {
      if ('destination' in judged) preflight.begin(judged.connection, judged.destination.target.repository);
      return rows(dialog, judged, 'destination' in judged && isAsBefore(judged.destination), undefined);
    }),
    betterChoices: drafting.then(async (judged) => {
      if (!('destination' in judged)) return rows(dialog, judged, false, undefined);
      const { connection, target } = judged.destination;
      const audience = audienceNote(await audienceOf(access, connection, target.repository));
      return rows(dialog, judged, isAsBefore(judged.destination), audience);
    }),
    custom: (text) => typedTarget(dialog, answers, text),
    accept: async (value) => {
      if (typeof value === 'string') return undefined;
      const refusal = refusalRow(await preflight.refusalOf(value.connection, value.target.repository));
      if (refusal === undefined) await confirmAudience(dialog, await drafting, value);
      return refusal;
    },
  });
  if (typeof chosen === 'object') {
    return { ...answers, connection: chosen.connection, accepted: chosen, change: undefined, problem: undefined };
  }
  const { connection, owner, name, tag } = await drafting;
  const stored = store.list().find(({ origin }) => origin === connection.origin) ?? connection;
  return { ...answers, connection: stored, owner, name, tag, accepted: undefined, change: chosen, problem: undefined };
};

/**
 * What was answered, then where the image went last or what its name says. Otherwise the owner in its name, of the last push
 * to the registry, or the person, and the image's own name and tag.
 */
async function draftOf(dialog: PushDialog, answers: Answers): Promise<Draft> {
  const { store, memory, owners } = dialog;
  const { image = '' } = answers;
  const suggested = suggestDestination(image, dialog);
  const connection = chosenConnection(dialog, answers) ?? suggested?.connection ?? store.list()[0];
  if (connection === undefined) {
    throw new TeaChestError('notSignedIn', l10n.t('You are not signed in to a registry.'), { stage: 'resolve' });
  }
  const isThere = suggested?.connection.origin === connection.origin;
  const parts = isThere ? { ...splitRepository(suggested), tag: suggested.target.tag } : undefined;
  const owner = hasOwners(connection.kind)
    ? (answers.owner ??
      parts?.owner ??
      (await ownOwnerIn(image, connection, owners)) ??
      memory.owners(connection.origin)[0] ??
      (await owners.get(connection)).names[0] ??
      connection.username)
    : undefined;
  const proposal = proposeTarget(image, owner);
  const name = answers.name ?? parts?.name ?? proposal.name ?? '';
  return { connection, owner, name, tag: answers.tag ?? parts?.tag ?? proposal.tag ?? '' };
}

/** Of `shop/web:1.0` the owner `shop`, if the person may push there. */
async function ownOwnerIn(
  image: string,
  connection: Connection,
  owners: PushDialog['owners'],
): Promise<string | undefined> {
  const named = ownerInName(image);
  if (named === undefined) return undefined;
  return (await owners.get(connection)).names.find((name) => name.toLowerCase() === named);
}

async function judge(dialog: PushDialog, image: string, draft: Draft): Promise<Judged> {
  const { connection, owner, name, tag } = draft;
  if (owner === '') return { ...draft, part: 'owner', problem: l10n.t('An owner is needed.') };
  if (name === '') return { ...draft, part: 'name', problem: l10n.t`${image} has no name that it could have there.` };
  if (tag === '') return { ...draft, part: 'tag', problem: l10n.t`${image} has no tag that it could have there.` };
  const repository = owner === undefined ? name : `${owner}/${name}`;
  try {
    const target = settleTarget({ host: connection.host, repository, tag }, connection.kind);
    const destination = { connection, target };
    return { ...draft, destination, audience: await unconfirmedSoon(dialog.publicOwners, destination) };
  } catch (refusal) {
    const error = withWarningOfOthers(refusal, image, await localReferences(dialog.images));
    return { ...draft, part: 'name', problem: toTeaChestError(error).message };
  }
}

/** The row that was accepted said who can pull the image. A typed target did not: a question follows. */
async function confirmAudience({ publicOwners }: PushDialog, judged: Judged, accepted: Destination): Promise<void> {
  if (!('destination' in judged) || judged.audience === undefined || judged.destination !== accepted) return;
  await publicOwners.remember(accepted);
}

/** Of a row that Enter accepts. */
function acceptLabel({ isPreview }: PushDialog['start'], { target }: Destination): string {
  return isPreview === true
    ? l10n.t`Preview the push to ${formatTarget(target)}`
    : l10n.t`Push to ${formatTarget(target)}`;
}

function rows(
  { store, start }: PushDialog,
  judged: Judged,
  isAsBefore: boolean,
  audience: string | undefined,
): readonly Choice<Destination | TargetPart>[] {
  const { connection, owner, name, tag } = judged;
  // The second line of the row says more about who can pull it.
  const isConfirmation = 'destination' in judged && judged.audience !== undefined;
  const notes = [isAsBefore ? l10n.t('as last time') : undefined, isConfirmation ? undefined : audience].filter(
    (note) => note !== undefined,
  );
  const first: Choice<Destination | TargetPart> =
    'destination' in judged
      ? {
          label: acceptLabel(start, judged.destination),
          ...(notes.length > 0 && { description: notes.join(' · ') }),
          ...(judged.audience !== undefined && { detail: confirmationDetail(judged.destination, judged.audience) }),
          icon: 'cloud-upload',
          value: judged.destination,
        }
      : { label: problemLabels[judged.part], detail: judged.problem, icon: 'edit', value: judged.part };
  return [
    first,
    ...(store.list().length > 1 ? [partRow(l10n.t`Registry: ${connection.host}`, 'server', 'registry')] : []),
    ...(owner === undefined ? [] : [partRow(ownerLabel(owner), 'organization', 'owner')]),
    partRow(name === '' ? l10n.t('Name: none yet') : l10n.t`Name: ${name}`, 'package', 'name'),
    partRow(tag === '' ? l10n.t('Tag: none yet') : l10n.t`Tag: ${tag}`, 'tag', 'tag'),
  ];
}

const problemLabels: Readonly<Record<TargetPart, string>> = {
  registry: l10n.t('Choose a Registry…'),
  owner: l10n.t('Choose an Owner…'),
  name: l10n.t('Choose Another Name…'),
  tag: l10n.t('Choose a Tag…'),
};

function ownerLabel(owner: string): string {
  return owner === '' ? l10n.t('Owner: none yet') : l10n.t`Owner: ${owner}`;
}

function partRow(label: string, icon: string, part: TargetPart): Choice<TargetPart> {
  const description = l10n.t({ message: 'change', comment: 'Verb: Enter on this row changes this part of the target' });
  return { label, description, icon, value: part };
}

/** A text that matches no row: a whole target, or a repository of the proposed registry. */
function typedTarget(dialog: PushDialog, answers: Answers, text: string): Typed<Destination> | undefined {
  const pasted = pastedDestination(text, dialog.store);
  if (pasted !== undefined) return 'problem' in pasted ? pasted : pastedRow(pasted);
  const connection = chosenConnection(dialog, answers) ?? dialog.store.list()[0];
  if (connection === undefined || !text.includes('/')) return undefined;
  try {
    const { target } = parseDestination(`${connection.host}/${text.trim()}`, dialog.store);
    const destination = { connection, target };
    return {
      label: acceptLabel(dialog.start, destination),
      description: l10n.t('as typed'),
      icon: 'cloud-upload',
      value: destination,
    };
  } catch (error) {
    return { problem: toTeaChestError(error).message };
  }
}
