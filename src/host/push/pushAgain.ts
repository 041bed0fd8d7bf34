import type { PushArguments } from './pushArguments.ts';
import type { PushController } from './pushController.ts';

/** Pushes images again, each as its arguments say. The controller shows a failure. */
export async function pushAgain(
  all: readonly PushArguments[],
  controller: Pick<PushController, 'pushArguments' | 'pushEach'>,
): Promise<void> {
  const [first, ...others] = all;
  if (first === undefined) return;
  const pushing = others.length === 0 ? controller.pushArguments(first) : controller.pushEach(all);
  await pushing.catch(() => undefined);
}
