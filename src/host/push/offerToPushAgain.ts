import { showWarning } from '../display/messages.ts';
import type { InterruptedPush } from './interruptedPush.ts';
import { pushAgain } from './pushAgain.ts';
import type { PushController } from './pushController.ts';

/** Reports interrupted pushes, and repeats them if the person wants that. */
export async function offerToPushAgain(
  pushes: readonly InterruptedPush[],
  controller: Pick<PushController, 'pushArguments' | 'pushEach'>,
): Promise<void> {
  const choice = await showWarning(describeInterrupted(pushes), [{ title: 'Push Again' }]);
  if (choice === undefined) return;
  const all = pushes.map(({ image, target, compression, strategy, platform }) => ({
    ...{ image, target, compression, strategy, platform },
  }));
  await pushAgain(all, controller);
}

/** One message for all of them. */
export function describeInterrupted(pushes: readonly Pick<InterruptedPush, 'image' | 'target' | 'end'>[]): string {
  const [first] = pushes;
  const kept = 'Layers that arrived are not sent again.';
  if (first !== undefined && pushes.length === 1) {
    const why =
      first.end === 'windowClosed' ? 'was stopped when its window closed' : 'was interrupted: VS Code ended during it';
    return `The push of ${first.image} to ${first.target} ${why}. ${kept}`;
  }
  const list = pushes.map(({ image, target }) => `${image} to ${target}`).join(', ');
  return `${pushes.length} pushes were interrupted when VS Code ended: ${list}. ${kept}`;
}
