import * as l10n from '@vscode/l10n';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askSubset } from '../input/prompts.ts';
import { runSteps, type Step } from '../input/runSteps.ts';
import { briefImage, formatTarget, normalizeImage, type Destination } from '../targets/target.ts';
import {
  askOwner,
  askRegistry,
  chosenConnection,
  hasOneOwner,
  ownerOf,
  type OwnerAnswers,
  type OwnerDialog,
} from './askOwner.ts';
import { askPush } from './askPush.ts';
import { imageChoices } from './imageChoices.ts';
import { OwnersCache } from './ownersCache.ts';
import { Preflight, refusalRow } from './preflight.ts';
import type { PushJob } from './pushJob.ts';
import type { PushSources } from './pushSources.ts';
import { suggestDestination } from './resolvePush.ts';
import { conflict, targetsUnder, withoutConflicts, type ProposedTarget } from './targetsUnder.ts';

/** The answers so far. */
interface Answers extends OwnerAnswers {
  readonly images?: readonly string[];
  /** Each image goes where it went last. */
  readonly asBefore?: boolean;
  readonly chosen?: readonly ProposedTarget[];
  /** The person wants to see the plan before anything is pushed. */
  readonly wantsPlan?: boolean;
}

/** What follows the questions: the push, the plan, or the one of them that the person chooses. */
export type AfterQuestions = 'push' | 'plan' | 'pushOrPlan';

interface Dialog extends OwnerDialog {
  readonly sources: PushSources;
  readonly next: AfterQuestions;
}

/** The images with their targets, and whether the person sees the plan first. */
export interface AskedImages {
  readonly jobs: readonly PushJob[];
  readonly isPreview: boolean;
}

/**
 * Asks for the registry and the owner of several images once. Each image keeps its name and tag, and the person sees all
 * targets before the push. Only an image that cannot keep its name is asked for another one. Without `images`, the person
 * chooses them. Undefined if the person leaves.
 */
export async function askImages(
  sources: PushSources,
  images: readonly string[] | undefined,
  next: AfterQuestions,
): Promise<AskedImages | undefined> {
  const { store, memory, folderRepositories, access } = sources;
  const dialog: Dialog = {
    ...{ sources, store, memory, folderRepositories, next, isOfOneImage: false },
    ...{ owners: new OwnersCache(access), preflight: new Preflight(access) },
  };
  const start: Answers = images === undefined ? {} : { images: images.map(normalizeImage) };
  const answers = await runSteps(titleOf(images, next), imagesSteps(dialog), start);
  if (answers?.chosen === undefined) return undefined;
  const jobs = await nameTheRest(dialog, answers, answers.chosen);
  return jobs && { jobs, isPreview: next === 'plan' || answers.wantsPlan === true };
}

function titleOf(images: readonly string[] | undefined, next: AfterQuestions): string {
  if (next === 'plan') {
    return images === undefined ? l10n.t('Preview Push of Images') : l10n.t`Preview Push of ${images.length} Images`;
  }
  return images === undefined ? l10n.t('Push Images') : l10n.t`Push ${images.length} Images`;
}

type Ask = Step<Answers>['ask'];

function imagesSteps(dialog: Dialog): readonly Step<Answers>[] {
  const { sources, store } = dialog;
  return [
    { name: 'images', isSettled: ({ images }) => images !== undefined, ask: askWhich(sources) },
    {
      name: 'asBefore',
      isSettled: ({ images = [] }) => targetsBefore(sources, images) === undefined,
      ask: askAsBefore(dialog),
    },
    {
      name: 'registry',
      isSettled: ({ asBefore }) => asBefore === true || store.list().length === 1,
      ask: (answers, position) => askRegistry(dialog, answers, position),
    },
    {
      name: 'owner',
      isSettled: (answers) => answers.asBefore === true || hasOneOwner(dialog, answers),
      ask: (answers, position) => askOwner(dialog, answers, position),
    },
    { name: 'targets', ask: askTargets(dialog) },
  ];
}

function askWhich({ images }: PushSources): Ask {
  return async (answers, position) => {
    const choices = images.open().then((state) => {
      if (state.kind === 'problem') throw state.error;
      return state.kind === 'ready' ? imageChoices(state.images, Date.now()) : [];
    });
    const question = { placeholder: l10n.t('Which images? Tick them, and press Enter'), choices, areTicked: false };
    const { values } = await askSubset(position, question);
    return { ...answers, images: values };
  };
}

function askAsBefore({ sources, preflight }: Dialog): Ask {
  return async (answers, position) => {
    const targets = targetsBefore(sources, answers.images ?? []) ?? [];
    const destinations = targets.map(({ destination }) => destination);
    for (const { connection, target } of destinations) preflight.begin(connection, target.repository);
    const description = targets.map(({ destination: { target } }) => formatTarget(target)).join(', ');
    const asBefore = await askChoice(position, {
      placeholder: l10n.t('Where should they go?'),
      choices: [
        { label: l10n.t('Where each of them went last'), description, icon: 'history', value: true },
        { label: l10n.t('Somewhere else…'), icon: 'list-unordered', value: false, always: true },
      ],
      accept: async (isChosen) => {
        if (!isChosen) return undefined;
        const refusals = await Promise.all(
          destinations.map(({ connection, target }) => preflight.refusalOf(connection, target.repository)),
        );
        return refusalRow(refusals.find((refusal) => refusal !== undefined));
      },
    });
    return { ...answers, asBefore };
  };
}

/** Shows all targets. The person may leave images out. */
function askTargets(dialog: Dialog): Ask {
  return async (answers, position) => {
    const targets = await proposeTargets(dialog, answers);
    const { values, isOther } = await askSubset(position, {
      placeholder:
        dialog.next === 'plan'
          ? l10n.t('Enter shows what a push of the ticked images would do')
          : l10n.t('Enter pushes the images that are ticked'),
      choices: targets.map(targetRow),
      areTicked: true,
      ...(dialog.next === 'pushOrPlan' && { other: { icon: 'open-preview', tooltip: l10n.t('Preview Push') } }),
    });
    return { ...answers, chosen: values, wantsPlan: isOther };
  };
}

function targetRow(target: ProposedTarget): Choice<ProposedTarget> {
  const { image, destination, problem = '' } = target;
  const description =
    destination === undefined ? l10n.t`needs another name: ${problem}` : formatTarget(destination.target);
  return { label: briefImage(image), description: `→ ${description}`, value: target };
}

async function proposeTargets(dialog: Dialog, answers: Answers): Promise<readonly ProposedTarget[]> {
  const { images = [], asBefore } = answers;
  const connection = chosenConnection(dialog, answers);
  if (asBefore === true) return withoutConflicts(targetsBefore(dialog.sources, images) ?? []);
  if (connection === undefined) return [];
  return targetsUnder(images, connection, await ownerOf(dialog, answers, connection));
}

/** Where all images went last, or the registries in their names. Undefined if that is not known of one. */
function targetsBefore(
  sources: PushSources,
  images: readonly string[],
): readonly (ProposedTarget & { readonly destination: Destination })[] | undefined {
  const targets = images.flatMap((image) => {
    const destination = suggestDestination(image, sources);
    return destination === undefined ? [] : [{ image, destination, problem: undefined }];
  });
  return targets.length === images.length && targets.length > 0 ? targets : undefined;
}

/** Asks for the names of images that have no destination yet. Undefined if the person leaves one of these questions. */
async function nameTheRest(
  dialog: Dialog,
  answers: Answers,
  targets: readonly ProposedTarget[],
): Promise<readonly PushJob[] | undefined> {
  const jobs = targets.flatMap(({ image, destination }) =>
    destination === undefined ? [] : [{ image, ...destination }],
  );
  const open = targets.filter(({ destination }) => destination === undefined);
  const connection = chosenConnection(dialog, answers);
  const under =
    answers.asBefore === true || connection === undefined
      ? undefined
      : { connection, owner: await ownerOf(dialog, answers, connection) };
  for (const [at, { image, problem: reason }] of open.entries()) {
    const title = l10n.t({
      message: 'Name {0} of {1}: {2}',
      args: [at + 1, open.length, briefImage(image)],
      comment: 'Title of a question for the name of an image. “Name 1 of 3” counts the names that are asked for',
    });
    for (let problem = reason; problem !== undefined;) {
      const job = await askPush(dialog.sources, { image, title, under, problem });
      if (job === undefined) return undefined;
      const key = formatTarget(job.target);
      const other = jobs.find(({ target }) => formatTarget(target) === key);
      if (other === undefined) jobs.push(job);
      problem = other && conflict(key, other.image);
    }
  }
  return jobs;
}
