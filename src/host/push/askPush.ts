import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import type { ManifestChoices } from '../../core/push/chooseManifests.ts';
import { askChoice } from '../input/prompts.ts';
import { AskAgain, runSteps, type Step } from '../input/runSteps.ts';
import { parseTypedImage } from '../targets/target.ts';
import { askName, askTag } from './askNameAndTag.ts';
import { askOwner, askRegistry } from './askOwner.ts';
import { askPlatform, findManifestChoices } from './askPlatform.ts';
import { askTarget } from './askTarget.ts';
import { imageChoices } from './imageChoices.ts';
import { OwnersCache } from './ownersCache.ts';
import { Preflight } from './preflight.ts';
import {
  settledDestination,
  splitRepository,
  type Answers,
  type Ask,
  type PushDialog,
  type PushStart,
  type TargetPart,
} from './pushAnswers.ts';
import type { PushJob } from './pushJob.ts';
import type { PushSources } from './pushSources.ts';

/** Asks what to push and where to, and skips what has only one answer. Undefined if the person leaves. */
export async function askPush(sources: PushSources, start: PushStart): Promise<PushJob | undefined> {
  const dialog: PushDialog = {
    ...{ ...sources, start, isOfOneImage: true, manifestChoices: choicesOnce(sources.inspect) },
    ...{ owners: new OwnersCache(sources.access), preflight: new Preflight(sources.access) },
  };
  const answers = await runSteps(start.title ?? l10n.t('Push Image'), pushSteps(dialog), firstAnswers(start));
  if (answers?.image === undefined) return undefined;
  const { image, requestedImage } = answers;
  const destination = answers.accepted ?? (await settledDestination(dialog, answers));
  const { platform } = answers;
  return destination && { image, requestedImage, ...destination, ...(platform !== undefined && { platform }) };
}

function choicesOnce(inspect: PushSources['inspect']): PushDialog['manifestChoices'] {
  const asked = new Map<string, Promise<ManifestChoices | undefined>>();
  return (image) => {
    const choices = asked.get(image) ?? findManifestChoices(image, inspect);
    asked.set(image, choices);
    return choices;
  };
}

function firstAnswers({ image: requestedImage, edit, under, problem }: PushStart): Answers {
  const image = requestedImage && (parseTypedImage(requestedImage) ?? requestedImage);
  if (edit === undefined) return { image, requestedImage, ...under, problem };
  return { image, requestedImage, connection: edit.connection, ...splitRepository(edit), tag: edit.target.tag };
}

/** The questions for the parts of a destination. */
const partSteps: Readonly<Record<TargetPart, Ask>> = {
  registry: askRegistry,
  owner: askOwner,
  name: askName,
  tag: askTagOfTarget,
};

function pushSteps(dialog: PushDialog): readonly Step<Answers>[] {
  const { start } = dialog;
  const isNamed = start.under !== undefined;
  const ask =
    (step: Ask): Step<Answers>['ask'] =>
    (answers, position) =>
      step(dialog, answers, position);
  const parts = (['registry', 'owner', 'name', 'tag'] as const).map((part): Step<Answers> => {
    const isAsked = isNamed && (part === 'name' || part === 'tag');
    return {
      name: part,
      isSettled: ({ accepted, change }) => accepted !== undefined || !(isAsked || change === part),
      ask: ask(isAsked ? partSteps[part] : backToTarget(partSteps[part])),
    };
  });
  return [
    { name: 'image', isSettled: () => start.image !== undefined, ask: ask(askImage) },
    {
      name: 'target',
      isSettled: ({ image, accepted, change }) =>
        isNamed || image === undefined || (accepted !== undefined && change === undefined),
      ask: ask(askTarget),
    },
    ...parts,
    {
      name: 'platform',
      isRare: true,
      isSettled: async ({ image }) =>
        start.platform !== undefined || image === undefined || (await dialog.manifestChoices(image)) === undefined,
      ask: ask(askWhatOfIndex),
    },
  ];
}

/** Each part may be valid by itself, and the whole too long. Where only name and tag are asked for, nothing else shows that. */
async function askTagOfTarget(...[dialog, answers, position]: Parameters<Ask>): Promise<Answers> {
  const answered = await askTag(dialog, answers, position);
  if (dialog.start.under === undefined) return answered;
  try {
    await settledDestination(dialog, answered);
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    throw new AskAgain('name', { ...answered, problem: error.message });
  }
  return answered;
}

/** Proposes the destination again with the changed part, unless a whole one was pasted. */
function backToTarget(step: Ask): Ask {
  return async (dialog, answers, position) => {
    const changed = { ...(await step(dialog, answers, position)), change: undefined };
    if (changed.accepted !== undefined) return changed;
    throw new AskAgain('target', changed);
  };
}

const askImage: Ask = async ({ images }, _answers, position) => {
  const requestedImage = await askChoice(position, {
    placeholder: l10n.t('Which image?'),
    choices: images.open().then((state) => {
      if (state.kind === 'problem') throw state.error;
      return state.kind === 'ready' ? imageChoices(state.images, Date.now()) : [];
    }),
    custom: (text) =>
      parseTypedImage(text) === undefined ? undefined : { label: text, description: l10n.t('as typed'), value: text },
  });
  const image = parseTypedImage(requestedImage) ?? requestedImage;
  return { image, requestedImage };
};

const askWhatOfIndex: Ask = async (dialog, answers, position) => {
  const { image = '' } = answers;
  const choices = await dialog.manifestChoices(image);
  return choices === undefined ? answers : { ...answers, platform: await askPlatform(position, image, choices) };
};
