import { TeaChestError } from '../../core/base/errors.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { AskAgain, runSteps, type Step, type StepPosition } from '../input/runSteps.ts';
import { hasOwners, judgeName, judgeTag, settleTarget } from '../targets/settleTarget.ts';
import { warnOfOthers } from '../targets/suggestedName.ts';
import { formatTarget, parseTypedImage, proposeTarget, type Destination } from '../targets/target.ts';
import {
  askOwner,
  askRegistry,
  chosenConnection,
  hasOneOwner,
  ownerOf,
  type OwnerAnswers,
  type OwnerDialog,
} from './askOwner.ts';
import { askPlatform, findManifestChoices } from './askPlatform.ts';
import type { ManifestChoices } from '../../core/push/chooseManifests.ts';
import { imageChoices } from './imageChoices.ts';
import { OwnersCache } from './ownersCache.ts';
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
  /** The suggested destination if it was accepted; `other` if it was refused. */
  readonly suggestion?: Destination | 'other' | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  /** What of an index is pushed; undefined where there is no choice. */
  readonly platform?: string | undefined;
  /** Why the answers together are no target. Shown where the person can correct them. */
  readonly problem?: string | undefined;
}

interface Dialog extends Omit<PushSources, 'access'>, OwnerDialog {
  readonly store: PushSources['store'];
  readonly start: PushStart;
  /** Asks the engine once for each image. */
  readonly manifestChoices: (image: string) => Promise<ManifestChoices | undefined>;
}

type Ask = (dialog: Dialog, answers: Answers, position: StepPosition) => Promise<Answers>;

/** Asks what to push and where to, and skips what has only one answer. Undefined if the person leaves. */
export async function askPush(sources: PushSources, start: PushStart): Promise<PushJob | undefined> {
  const owners = new OwnersCache(sources.access);
  const dialog: Dialog = { ...sources, start, owners, manifestChoices: choicesOnce(sources.inspect) };
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
  const suggestion = await askChoice<Destination | 'other'>(position, {
    placeholder: `Where should ${answers.image ?? 'it'} go?`,
    choices: [
      { label: formatTarget(suggested.target), icon: 'history', value: suggested },
      { label: 'Somewhere else…', icon: 'list-unordered', value: 'other', always: true },
    ],
  });
  return { ...answers, suggestion };
};

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
    judge: (text) => judgeName(text.trim(), kind, (suggestion) => warnOfOthers(suggestion, image, references)),
  });
  return { ...answers, name: name.trim(), problem: undefined };
};

/** Every `repository:tag` of the engine's images. Empty if the engine cannot be reached. */
export async function localReferences(images: PushSources['images']): Promise<readonly string[]> {
  const state = await images.open();
  return state.kind === 'ready' ? state.images.flatMap((image) => image.references) : [];
}

const askTag: Ask = async (dialog, answers, position) => {
  const kind = chosenConnection(dialog, answers)?.kind ?? 'generic';
  const tag = await askText(position, {
    prompt: 'Tag',
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
