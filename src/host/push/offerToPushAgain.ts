import * as l10n from '@vscode/l10n';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { showWarning } from '../display/messages.ts';
import type { InterruptedPush } from './interruptedPush.ts';
import { optionsOf } from './jobArguments.ts';
import { pushAgain } from './pushAgain.ts';
import type { PushController } from './pushController.ts';

/** Reports interrupted pushes, and repeats them if the person wants that. */
export async function offerToPushAgain(
  pushes: readonly InterruptedPush[],
  controller: Pick<PushController, 'pushArguments' | 'pushEach'>,
): Promise<void> {
  const choice = await showWarning(describeInterrupted(pushes), [{ title: l10n.t('Push Again') }]);
  if (choice === undefined) return;
  const all = pushes.map(({ image, target, ...push }) => ({ image, target, ...optionsOf(push) }));
  await pushAgain(all, controller);
}

/** One message for all of them. */
export function describeInterrupted(pushes: readonly Pick<InterruptedPush, 'image' | 'target' | 'end'>[]): string {
  const [first] = pushes;
  const kept = l10n.t('Layers that arrived are not sent again.');
  if (first !== undefined && pushes.length === 1) {
    const what =
      first.end === 'windowClosed'
        ? l10n.t`The push of ${first.image} to ${first.target} was stopped when its window closed.`
        : l10n.t`The push of ${first.image} to ${first.target} was interrupted: VS Code ended during it.`;
    return joinSentences(what, kept);
  }
  const list = pushes.map(({ image, target }) =>
    l10n.t({ message: '{0} to {1}', args: [image, target], comment: 'An image and its target, in a list of pushes' }),
  );
  return joinSentences(l10n.t`${pushes.length} pushes were interrupted when VS Code ended: ${list.join(', ')}.`, kept);
}
