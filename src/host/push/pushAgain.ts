import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import type { PushArguments } from './pushArguments.ts';
import type { FollowOptions, PushController } from './pushController.ts';

/** Pushes images again, each as its arguments say. The controller shows a failure. */
export async function pushAgain(
  all: readonly PushArguments[],
  controller: Pick<PushController, 'pushArguments' | 'pushEach'>,
  follow: FollowOptions = {},
): Promise<void> {
  const [first, ...others] = all;
  if (first === undefined) return;
  const pushing = others.length === 0 ? controller.pushArguments(first, follow) : controller.pushEach(all, follow);
  await pushing.catch(() => undefined);
}

/** Of a push that did not succeed, the images that were not published. */
export function imagesToPushAgain(images: readonly ImageRecord[]): readonly ImageRecord[] {
  const open = images.filter(({ state }) => state !== 'pushed');
  return open.length === 0 ? images : open;
}
