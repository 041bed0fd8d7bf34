import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { isCancelled, toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import type { SyncState } from '../../core/sync/compareSyncState.ts';
import { showInformation } from '../display/messages.ts';
import { withNotification } from '../display/withNotification.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { Choice } from '../input/choiceRows.ts';
import { pickSeveral } from '../input/prompts.ts';
import { withSignal } from '../progress/cancellation.ts';
import { formatBytes } from '../progress/format.ts';
import type { PushController } from '../push/pushController.ts';
import { summarize, toRejectedImage, type PushImagesResult, type RejectedImage } from '../push/pushImagesResult.ts';
import { stateIcons, stateNames } from '../sync/syncText.ts';
import { readPushOutOfDateArguments } from './arguments.ts';
import { compareAll, stateOf, type ComparedImage, type FindOutOfDateDependencies } from './findOutOfDate.ts';
import { toRejection } from './toRejection.ts';

export interface PushOutOfDateDependencies extends FindOutOfDateDependencies {
  readonly push: Pick<PushController, 'pushEach' | 'pushChosen'>;
}

/** The result of `teaChest.pushOutOfDate` (docs/automation.md). */
export interface PushOutOfDateResult extends PushImagesResult {
  /** Images that could not be compared with their target. */
  readonly unknown: readonly { readonly image: string; readonly target: string; readonly error: RejectedImage }[];
}

/** The states of images that a push may replace, those that a person most probably means first. */
const offered: readonly SyncState[] = ['newerHere', 'notPushed', 'different'];

/**
 * `teaChest.pushOutOfDate`. Without an argument the person chooses among the images that are not as in their registry. With
 * one it pushes those that are newer here, and with `notPushed` those that the registry lacks.
 */
export async function pushOutOfDateCommand(
  dependencies: PushOutOfDateDependencies,
  argument: unknown,
): Promise<PushOutOfDateResult | undefined> {
  if (argument === undefined) {
    await choose(dependencies);
    return undefined;
  }
  try {
    const { notPushed = false } = readPushOutOfDateArguments(argument);
    const compared = await compareWithNotification(dependencies);
    const states: readonly (SyncState | undefined)[] = notPushed ? ['newerHere', 'notPushed'] : ['newerHere'];
    const chosen = compared.filter((one) => states.includes(stateOf(one)));
    const results = chosen.length === 0 ? summarize([], 0) : await dependencies.push.pushEach(chosen.map(toArguments));
    return { ...results, unknown: compared.flatMap(toUnknown) };
  } catch (error) {
    throw toRejection(error, 'resolve');
  }
}

async function choose(dependencies: PushOutOfDateDependencies): Promise<void> {
  try {
    const compared = await compareWithNotification(dependencies);
    const choices = offered.flatMap((state) => compared.filter((one) => stateOf(one) === state));
    if (choices.length === 0) {
      void showInformation(describeNone(compared), []);
      return;
    }
    const chosen = await pickSeveral(choices.map(toChoice), {
      title: l10n.t('Push What Is Out of Date'),
      placeholder: describeUnknown(compared) ?? l10n.t('Enter pushes the images that are ticked'),
      isTicked: (one) => stateOf(one) === 'newerHere',
    });
    if (chosen !== undefined && chosen.length > 0) await dependencies.push.pushChosen(chosen.map(toArguments));
  } catch (error) {
    if (!isCancelled(error)) void reportFailure(error, { retry: () => choose(dependencies) });
  }
}

async function compareWithNotification(dependencies: PushOutOfDateDependencies): Promise<readonly ComparedImage[]> {
  return await withNotification(l10n.t('Comparing images with their registries'), (report, token) =>
    withSignal(token, async (signal) => {
      const onRead = (done: number, total: number): void => {
        report(l10n.t`${done} of ${total}`, 100 / total);
      };
      const compared = await compareAll(dependencies, { signal, onRead });
      signal.throwIfAborted();
      return compared;
    }),
  );
}

function toArguments({ reference, target }: ComparedImage): { readonly image: string; readonly target: string } {
  return { image: reference, target };
}

function toChoice(one: ComparedImage): Choice<ComparedImage> {
  const state = stateOf(one) ?? 'different';
  return {
    label: one.reference,
    icon: stateIcons[state],
    description: `${stateNames[state]} · ${formatBytes(one.image.size)} · → ${one.target}`,
    value: one,
  };
}

function toUnknown(one: ComparedImage): PushOutOfDateResult['unknown'] {
  const failure = failureOf(one);
  return failure === undefined
    ? []
    : [{ image: one.reference, target: one.target, error: toRejectedImage(failure.at('browse')) }];
}

function failureOf({ entry }: ComparedImage): TeaChestError | undefined {
  return 'failure' in entry.outcome ? toTeaChestError(entry.outcome.failure) : undefined;
}

/** Why there is nothing to choose. */
function describeNone(compared: readonly ComparedImage[]): string {
  if (compared.length === 0) {
    return l10n.t(
      'Nothing can be compared: no image was pushed before, and none has the name of a registry that you are signed in to.',
    );
  }
  const count = (state: SyncState): number => compared.filter((one) => stateOf(one) === state).length;
  const [upToDate, newerThere] = [count('upToDate'), count('newerThere')];
  const sentences = [
    upToDate === 1
      ? l10n.t('Nothing is out of date: 1 image is as its registry has it.')
      : l10n.t`Nothing is out of date: ${upToDate} images are as their registries have them.`,
    ...(newerThere === 0
      ? []
      : [newerThere === 1 ? l10n.t('1 image is newer there.') : l10n.t`${newerThere} images are newer there.`]),
    describeUnknown(compared),
  ];
  return joinSentences(...sentences);
}

function describeUnknown(compared: readonly ComparedImage[]): string | undefined {
  const failures = compared.flatMap((one) => failureOf(one) ?? []);
  const [first] = failures;
  if (first === undefined) return undefined;
  const why = errorMessage(first).message;
  return failures.length === 1
    ? l10n.t`The state of 1 image is not known: ${why}`
    : l10n.t`The state of ${failures.length} images is not known: ${why}`;
}
