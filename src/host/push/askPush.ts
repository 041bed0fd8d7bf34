import { TeaChestError } from '../../core/base/errors.ts';
import type { Audience } from '../../core/gitea/readAudience.ts';
import type { Connection } from '../connections/connection.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { AskAgain, runSteps, type Step, type StepPosition } from '../input/runSteps.ts';
import { audienceNote, audienceSentence } from '../targets/audienceText.ts';
import { hasOwners, judgeName, judgeTag, settleTarget } from '../targets/settleTarget.ts';
import { warnOfOthers } from '../targets/suggestedName.ts';
import { formatTarget, parseTypedImage, proposeTarget, type Destination } from '../targets/target.ts';
import {
  askOwner,
  askRegistry,
  chosenConnection,
  hasOneOwner,
  ownerOf,
  pastedRow,
  type OwnerAnswers,
  type OwnerDialog,
} from './askOwner.ts';
import { Preflight, refusalRow } from './preflight.ts';
import { askPlatform, findManifestChoices } from './askPlatform.ts';
import type { ManifestChoices } from '../../core/push/chooseManifests.ts';
import { imageChoices } from './imageChoices.ts';
import { OwnersCache } from './ownersCache.ts';
import { pastedDestination } from './pastedDestination.ts';
import type { PushJob } from './pushJob.ts';
import type { PushSources } from './pushSources.ts';
import { suggestDestination } from './resolvePush.ts';

/** What the push dialog begins with. */
export interface PushStart {
  /** As typed, or a row of the Images view. It is asked for if it is absent. */
  readonly image?: string | undefined;
  /** A destination to change: it fills in the answers, and every question is asked. */
  readonly edit?: Destination | undefined;
  /** The registry and owner that are answered already. */
  readonly under?: OwnerAnswers | undefined;
  readonly title?: string | undefined;
  /** What of an index is pushed, if that was said already. */
  readonly platform?: string | undefined;
  /** Why the name that the image suggests cannot be used. */
  readonly problem?: string | undefined;
}

/** The answers so far. */
interface Answers extends OwnerAnswers {
  readonly image?: string | undefined;
  readonly requestedImage?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  /** What of an index is pushed; undefined where there is no choice. */
  readonly platform?: string | undefined;
  /** Why the answers together are no target. Shown where the person can correct them. */
  readonly problem?: string | undefined;
}

interface Dialog extends PushSources, OwnerDialog {
  readonly store: PushSources['store'];
  readonly memory: PushSources['memory'];
  readonly start: PushStart;
  /** Asks the engine once for each image. */
  readonly manifestChoices: (image: string) => Promise<ManifestChoices | undefined>;
}

type Ask = (dialog: Dialog, answers: Answers, position: StepPosition) => Promise<Answers>;

/** Asks what to push and where to, and skips what has only one answer. Undefined if the person leaves. */
export async function askPush(sources: PushSources, start: PushStart): Promise<PushJob | undefined> {
  const dialog: Dialog = {
    ...{ ...sources, start, isOfOneImage: true, manifestChoices: choicesOnce(sources.inspect) },
    ...{ owners: new OwnersCache(sources.access), preflight: new Preflight(sources.access) },
  };
  const answers = await runSteps(start.title ?? 'Push Image', pushSteps(dialog), firstAnswers(start));
  if (answers?.image === undefined) return undefined;
  const { image, requestedImage } = answers;
  const destination = acceptedSuggestion(answers) ?? (await settledDestination(dialog, answers));
  const { platform } = answers;
  return destination && { image, requestedImage, ...destination, ...(platform !== undefined && { platform }) };
}

function choicesOnce(inspect: PushSources['inspect']): Dialog['manifestChoices'] {
  const asked = new Map<string, Promise<ManifestChoices | undefined>>();
  return (image) => {
    const choices = asked.get(image) ?? findManifestChoices(image, inspect);
    asked.set(image, choices);
    return choices;
  };
}

function firstAnswers({ image: requestedImage, edit, under, problem }: PushStart): Answers {
  const image = requestedImage && (parseTypedImage(requestedImage) ?? requestedImage);
  if (edit !== undefined) {
    return { image, requestedImage, connection: edit.connection, ...splitRepository(edit), tag: edit.target.tag };
  }
  return { image, requestedImage, ...under, problem };
}

function splitRepository({ connection, target: { repository } }: Destination): Pick<Answers, 'owner' | 'name'> {
  const slash = hasOwners(connection.kind) ? repository.indexOf('/') : -1;
  return { owner: slash < 0 ? undefined : repository.slice(0, slash), name: repository.slice(slash + 1) };
}

function pushSteps(dialog: Dialog): readonly Step<Answers>[] {
  const { start, store } = dialog;
  const isAccepted = (answers: Answers): boolean => acceptedSuggestion(answers) !== undefined;
  const hasOwner = (answers: Answers): boolean =>
    isAccepted(answers) || (start.under !== undefined && answers.suggestion !== 'other');
  const ask =
    (step: Ask): Step<Answers>['ask'] =>
    (answers, position) =>
      step(dialog, answers, position);
  return [
    { name: 'image', isSettled: () => start.image !== undefined, ask: ask(askImage) },
    {
      name: 'suggestion',
      isSettled: ({ image }) =>
        start.edit !== undefined ||
        start.problem !== undefined ||
        image === undefined ||
        suggestDestination(image, dialog) === undefined,
      ask: ask(askSuggestion),
    },
    {
      name: 'registry',
      isSettled: (answers) => hasOwner(answers) || store.list().length === 1,
      ask: ask(askRegistry),
    },
    {
      name: 'owner',
      isSettled: (answers) => hasOwner(answers) || (start.edit === undefined && hasOneOwner(dialog, answers)),
      ask: ask(askOwner),
    },
    { name: 'name', isSettled: isAccepted, ask: ask(askName) },
    { name: 'tag', isSettled: isAccepted, ask: ask(askTag) },
    {
      name: 'platform',
      isRare: true,
      isSettled: async ({ image }) =>
        start.platform !== undefined || image === undefined || (await dialog.manifestChoices(image)) === undefined,
      ask: ask(askWhatOfIndex),
    },
  ];
}

function acceptedSuggestion({ suggestion }: Answers): Destination | undefined {
  return suggestion === 'other' ? undefined : suggestion;
}

const askImage: Ask = async ({ images }, answers, position) => {
  const requestedImage = await askChoice(position, {
    placeholder: 'Which image?',
    choices: images.open().then((state) => {
      if (state.kind === 'problem') throw state.error;
      return state.kind === 'ready' ? imageChoices(state.images, Date.now()) : [];
    }),
    custom: (text) =>
      parseTypedImage(text) === undefined ? undefined : { label: text, description: 'as typed', value: text },
  });
  const image = parseTypedImage(requestedImage) ?? requestedImage;
  return { ...answers, image, requestedImage, suggestion: undefined, name: undefined, tag: undefined };
};

const askSuggestion: Ask = async (dialog, answers, position) => {
  const suggested = answers.image === undefined ? undefined : suggestDestination(answers.image, dialog);
  if (suggested === undefined) return answers;
  const { preflight, access, store } = dialog;
  const { connection, target } = suggested;
  preflight.begin(connection, target.repository);
  const rows = (note: string | undefined): readonly Choice<Destination | 'other'>[] => [
    {
      ...{ label: formatTarget(target), icon: 'history', value: suggested },
      ...(note !== undefined && { description: note }),
    },
    { label: 'Somewhere else…', icon: 'list-unordered', value: 'other', always: true },
  ];
  const suggestion = await askChoice<Destination | 'other'>(position, {
    placeholder: `Where should ${answers.image ?? 'it'} go?`,
    choices: rows(undefined),
    betterChoices: audienceOf(access, connection, target.repository).then((audience) => rows(audienceNote(audience))),
    custom: (text) => {
      const pasted = pastedDestination(text, store);
      return pasted === undefined || 'problem' in pasted ? pasted : pastedRow(pasted);
    },
    accept: async (chosen) =>
      chosen === 'other'
        ? undefined
        : refusalRow(await preflight.refusalOf(chosen.connection, chosen.target.repository)),
  });
  return { ...answers, suggestion };
};

async function audienceOf(
  access: PushSources['access'],
  connection: Connection,
  repository: string,
): Promise<Audience | undefined> {
  if (!hasOwners(connection.kind)) return undefined;
  return await access.audienceOf(connection, (repository.split('/')[0] ?? '').toLowerCase());
}

const askName: Ask = async (dialog, answers, position) => {
  const { image = '', problem } = answers;
  const connection = chosenConnection(dialog, answers);
  const kind = connection?.kind ?? 'generic';
  const owner = connection && (await ownerOf(dialog, answers, connection));
  const references = await localReferences(dialog.images);
  const name = await askText(position, {
    prompt: hasOwners(kind) ? 'Name of the image' : 'Name of the repository',
    value: answers.name ?? proposeTarget(image, owner).name ?? '',
    placeholder: 'app',
    problem,
    judge: (text) => {
      const pasted = pastedDestination(text, dialog.store);
      if (pasted !== undefined) return 'problem' in pasted ? pasted : { notice: `To ${formatTarget(pasted.target)}` };
      return judgeName(text.trim(), kind, (suggestion) => warnOfOthers(suggestion, image, references));
    },
    accept: async (text) => await problemWithName(dialog, connection, owner, text.trim()),
  });
  const pasted = pastedDestination(name, dialog.store);
  if (pasted !== undefined && !('problem' in pasted)) {
    return { ...answers, connection: pasted.connection, suggestion: pasted, problem: undefined };
  }
  return { ...answers, name: name.trim(), problem: undefined };
};

/** Asks the registry whether the person may push there. */
async function problemWithName(
  { store, preflight }: Dialog,
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

function repositoryOf(owner: string | undefined, name: string): string {
  return owner === undefined ? name : `${owner.toLowerCase()}/${name}`;
}

/** Every `repository:tag` of the engine's images. Empty if the engine cannot be reached. */
export async function localReferences(images: PushSources['images']): Promise<readonly string[]> {
  const state = await images.open();
  return state.kind === 'ready' ? state.images.flatMap((image) => image.references) : [];
}

const askTag: Ask = async (dialog, answers, position) => {
  const connection = chosenConnection(dialog, answers);
  const kind = connection?.kind ?? 'generic';
  const repository = connection && repositoryOf(await ownerOf(dialog, answers, connection), answers.name ?? '');
  const prompt = connection === undefined ? 'Tag' : `Tag of ${connection.host}/${repository ?? ''}`;
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
  const answered = { ...answers, tag: tag.trim() };
  try {
    await settledDestination(dialog, answered);
  } catch (error) {
    // Each part is valid by itself, but the whole is too long, or its owner was not asked for.
    if (!(error instanceof TeaChestError)) throw error;
    throw new AskAgain('name', { ...answered, problem: error.message });
  }
  return answered;
};

const askWhatOfIndex: Ask = async (dialog, answers, position) => {
  const { image = '' } = answers;
  const choices = await dialog.manifestChoices(image);
  return choices === undefined ? answers : { ...answers, platform: await askPlatform(position, image, choices) };
};

/** Undefined while an answer is missing. */
async function settledDestination(dialog: Dialog, answers: Answers): Promise<Destination | undefined> {
  const { name, tag } = answers;
  const connection = chosenConnection(dialog, answers);
  if (connection === undefined || name === undefined || tag === undefined) return undefined;
  const owner = await ownerOf(dialog, answers, connection);
  const repository = owner === undefined ? name : `${owner}/${name}`;
  return { connection, target: settleTarget({ host: connection.host, repository, tag }, connection.kind) };
}
