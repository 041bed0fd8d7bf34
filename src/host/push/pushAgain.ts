import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { PushArguments } from './pushArguments.ts';
import type { PushCall, PushController } from './pushController.ts';

/**
 * Pushes images again, each as its arguments say, for a person who can be asked. Shows a failure: the controller shows those
 * of images, and `pushEach` rejects before it pushes any if two of them have the same target.
 */
export async function pushAgain(
  all: readonly PushArguments[],
  controller: Pick<PushController, 'pushArguments' | 'pushEach'>,
  follow: Pick<PushCall, 'onRecord'> = {},
): Promise<void> {
  const [first, ...others] = all;
  if (first === undefined) return;
  const call = { ...follow, isAttended: true };
  if (others.length === 0) await controller.pushArguments(first, call).catch(() => undefined);
  else await controller.pushEach(all, call).catch((error: unknown) => void reportFailure(error, {}));
}

/** Of a push that did not succeed, the images that were not published. */
export function imagesToPushAgain(images: readonly ImageRecord[]): readonly ImageRecord[] {
  const open = images.filter(({ state }) => state !== 'pushed');
  return open.length === 0 ? images : open;
}
