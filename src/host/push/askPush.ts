import type { Owners } from '../registry/registryBrowser.ts';
import { describeConnection, type Connection } from '../connections/connection.ts';
import type { Choice } from '../input/choiceRows.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { AskAgain, runSteps, type StepPosition, type Step } from '../input/runSteps.ts';
import { hasOwners, judgeName, judgeOwner, judgeTag, settleTarget } from '../targets/settleTarget.ts';
import { warnOfOthers } from '../targets/suggestedName.ts';
import { formatTarget, proposeTarget } from '../targets/target.ts';
import { rememberOwners } from './rememberOwners.ts';
import type { Destination } from './resolvePush.ts';
import { typedImage } from './typedImage.ts';

/** What the questions are made from. */
export interface PushQuestions {
  readonly images: () => Promise<readonly Choice<string>[]>;
  /** Every `repository:tag` of the engine's images; empty where it cannot tell. */
  readonly references: () => Promise<readonly string[]>;
  readonly connections: () => readonly Connection[];
  /** Where an image probably goes: asked first, so that one Enter repeats a push. */
  readonly guess: (image: string) => Destination | undefined;
  readonly owners: (connection: Connection) => Promise<Owners>;
}

export interface PushStart {
  readonly image?: string | undefined;
  /** The target that did not work, to be changed. */
  readonly former?: Destination | undefined;
  /** Where another image of the same selection goes: its registry and owner are not asked for again. */
  readonly along?: Destination | undefined;
  /** Over the questions; `Push Image` if there is but one image to ask for. */
  readonly title?: string | undefined;
}

interface State {
  readonly image: string | undefined;
  /** The image in the person's words. */
  readonly said: string | undefined;
  /** `elsewhere`: the guess was looked at and refused. */
  readonly guess: Destination | 'elsewhere' | undefined;
  readonly connection: Connection | undefined;
  readonly owner: string | undefined;
  readonly name: string | undefined;
  readonly tag: string | undefined;
  /** What is wrong with the answers together, told where it can be corrected. */
  readonly problem: string | undefined;
}

/** `knownOwners`: without waiting, once they are known. */
interface Dialog extends PushQuestions {
  readonly knownOwners: (connection: Connection) => Owners | undefined;
}

type Ask = (questions: Dialog, state: State, place: StepPosition) => Promise<State>;

/** Asks what to push and where to; passes over what has one answer. Undefined if the person leaves. */
export async function askPush(
  sources: PushQuestions,
  start: PushStart,
): Promise<(Destination & { readonly image: string; readonly said: string | undefined }) | undefined> {
  const { owners, known } = rememberOwners(sources.owners);
  const questions: Dialog = { ...sources, owners, knownOwners: known };
  const end = await runSteps(start.title ?? 'Push Image', pushSteps(questions, start), startState(start));
  if (end?.image === undefined) return undefined;
  const { image, said, guess } = end;
  if (guess !== undefined && guess !== 'elsewhere') return { image, said, ...guess };
  const destination = await settledTarget(questions, end);
  return destination && { image, said, ...destination };
}

/** Undefined while something is not answered yet. */
async function settledTarget(questions: PushQuestions, state: State): Promise<Destination | undefined> {
  const connection = connectionOf(questions, state);
  if (connection === undefined || state.name === undefined || state.tag === undefined) return undefined;
  const owner = await ownerOf(questions, state, connection);
  const repository = owner === undefined ? state.name : `${owner}/${state.name}`;
  return { connection, target: settleTarget({ host: connection.host, repository, tag: state.tag }, connection.kind) };
}

function startState({ image: said, former, along }: PushStart): State {
  const image = said === undefined ? undefined : (typedImage(said) ?? said);
  const blank = {
    image,
    said,
    guess: undefined,
    connection: undefined,
    owner: undefined,
    name: undefined,
    tag: undefined,
    problem: undefined,
  };
  if (former !== undefined) {
    const { owner, name } = splitRepository(former);
    return { ...blank, connection: former.connection, owner, name, tag: former.target.tag };
  }
  if (along !== undefined) {
    return { ...blank, connection: along.connection, owner: splitRepository(along).owner };
  }
  return blank;
}

function splitRepository({ connection, target: { repository } }: Destination): {
  readonly owner: string | undefined;
  readonly name: string;
} {
  const slash = hasOwners(connection.kind) ? repository.indexOf('/') : -1;
  return { owner: slash < 0 ? undefined : repository.slice(0, slash), name: repository.slice(slash + 1) };
}

function pushSteps(questions: Dialog, start: PushStart): readonly Step<State>[] {
  const guessed = ({ guess }: State): boolean => guess !== undefined && guess !== 'elsewhere';
  const isPlaced = (state: State): boolean =>
    guessed(state) || (start.along !== undefined && state.guess !== 'elsewhere');
  const ask =
    (step: Ask) =>
    (state: State, place: StepPosition): Promise<State> =>
      step(questions, state, place);
  return [
    { name: 'image', isSettled: () => start.image !== undefined, ask: ask(askImage) },
    {
      name: 'guess',
      isSettled: ({ image }) =>
        start.former !== undefined || image === undefined || questions.guess(image) === undefined,
      ask: ask(askGuess),
    },
    {
      name: 'registry',
      isSettled: (state) => isPlaced(state) || questions.connections().length === 1,
      ask: ask(askRegistry),
    },
    {
      name: 'owner',
      isSettled: (state) => isPlaced(state) || (start.former === undefined && onlyOwner(questions, state)),
      ask: ask(askOwner),
    },
    { name: 'name', isSettled: guessed, ask: ask(askName) },
    { name: 'tag', isSettled: guessed, ask: ask(askTag) },
  ];
}

const askImage: Ask = async (questions, state, place) => {
  const said = await askChoice(place, {
    placeholder: 'Which image?',
    choices: questions.images(),
    custom: (text) =>
      typedImage(text) === undefined ? undefined : { label: text, description: 'as typed', value: text },
  });
  return { ...state, image: typedImage(said) ?? said, said, guess: undefined, name: undefined, tag: undefined };
};

const askGuess: Ask = async (questions, state, place) => {
  const guess = state.image === undefined ? undefined : questions.guess(state.image);
  if (guess === undefined) return state;
  const choice = await askChoice<Destination | 'elsewhere'>(place, {
    placeholder: `Where should ${state.image ?? 'it'} go?`,
    choices: [
      { label: formatTarget(guess.target), icon: 'history', value: guess },
      { label: 'Somewhere else…', icon: 'list-unordered', value: 'elsewhere', always: true },
    ],
  });
  return { ...state, guess: choice };
};

const askRegistry: Ask = async (questions, state, place) => {
  const connection = await askChoice(place, {
    placeholder: 'Which registry?',
    choices: questions.connections().map((one) => ({
      label: one.host,
      description: describeConnection(one),
      value: one,
    })),
  });
  const owner = connection.origin === state.connection?.origin ? state.owner : undefined;
  return { ...state, connection, owner };
};

const askOwner: Ask = async (questions, state, place) => {
  const connection = connectionOf(questions, state);
  if (connection === undefined) return state;
  const choices = questions.owners(connection).then((owners) => ownerChoices(owners, connection, state.owner));
  const owner = await askChoice<string | undefined>(place, {
    placeholder: `Which owner on ${connection.host}? Pick one, or type another user or organization`,
    choices,
    custom: (text) => {
      const { problem } = judgeOwner(text);
      return problem === undefined ? { label: text.toLowerCase(), description: 'as typed', value: text } : { problem };
    },
  });
  return { ...state, owner: owner ?? (await askOtherOwner(connection, place)) };
};

/** The former answer first. An owner whose name is the beginning of another's can only be typed by itself. */
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

async function askOtherOwner(connection: Connection, place: StepPosition): Promise<string> {
  const owner = await askText(place, {
    prompt: `User or organization on ${connection.host}`,
    judge: (text) => judgeOwner(text.trim()),
  });
  return owner.trim();
}

const askName: Ask = async (questions, state, place) => {
  const connection = connectionOf(questions, state);
  const kind = connection?.kind ?? 'generic';
  const owner = connection && (await ownerOf(questions, state, connection));
  const references = await questions.references();
  const name = await askText(place, {
    prompt: hasOwners(kind) ? 'Name of the image' : 'Name of the repository',
    value: state.name ?? proposeTarget(state.image ?? '', owner).name ?? '',
    placeholder: 'app',
    problem: state.problem,
    judge: (text) => judgeName(text.trim(), kind, (best) => warnOfOthers(best, state.image ?? '', references)),
  });
  return { ...state, name: name.trim(), problem: undefined };
};

const askTag: Ask = async (questions, state, place) => {
  const kind = connectionOf(questions, state)?.kind ?? 'generic';
  const tag = await askText(place, {
    prompt: 'Tag',
    value: state.tag ?? proposeTarget(state.image ?? '', undefined).tag,
    placeholder: 'latest',
    judge: (text) => judgeTag(text.trim(), kind),
  });
  const answered = { ...state, tag: tag.trim() };
  try {
    await settledTarget(questions, answered);
  } catch (error) {
    // Each part was good by itself: the whole is too long, or its owner was not asked for.
    if (!(error instanceof TeaChestError)) throw error;
    throw new AskAgain('name', { ...answered, problem: error.message });
  }
  return answered;
};

function connectionOf(questions: PushQuestions, state: State): Connection | undefined {
  const all = questions.connections();
  return all.length === 1 ? all[0] : state.connection;
}

/** True if the registry knows no owners, or just one that may be pushed to. */
function onlyOwner(questions: Dialog, state: State): boolean | Promise<boolean> {
  const connection = connectionOf(questions, state);
  if (connection === undefined) return false;
  if (!hasOwners(connection.kind)) return true;
  const isOnly = ({ names, complete }: Owners): boolean => complete && names.length === 1;
  const known = questions.knownOwners(connection);
  return known === undefined ? questions.owners(connection).then(isOnly) : isOnly(known);
}

async function ownerOf(questions: PushQuestions, state: State, connection: Connection): Promise<string | undefined> {
  if (!hasOwners(connection.kind)) return undefined;
  return state.owner ?? (await questions.owners(connection)).names[0];
}
