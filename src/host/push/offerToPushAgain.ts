import type { PushArguments } from './pushArguments.ts';
import { showWarning } from '../display/messages.ts';
import { describeInterrupted, type InterruptedPush } from './interruptedPush.ts';

/** Tells of pushes that were interrupted, and pushes again if the person wants that, one after the other. */
export async function offerToPushAgain(
  pushes: readonly InterruptedPush[],
  push: (argument: PushArguments) => Promise<unknown>,
): Promise<void> {
  const choice = await showWarning(describeInterrupted(pushes), [{ title: 'Push Again' }]);
  if (choice === undefined) return;
  for (const { image, target, compression, strategy, platform } of pushes) {
    const argument = {
      ...{ image, target },
      ...(compression !== undefined && { compression }),
      ...(strategy !== undefined && { strategy }),
      ...(platform !== undefined && { platform }),
    };
    // A failure is on the screen, with its next steps.
    await push(argument).catch(() => undefined);
  }
}
