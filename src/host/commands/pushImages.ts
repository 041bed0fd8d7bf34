import type { InspectImage } from '../push/composeImages.ts';
import { imagesOf } from '../push/imagesOf.ts';
import type { PushController } from '../push/pushController.ts';
import type { PushImagesResult } from '../push/pushImagesResult.ts';
import { readPushImagesArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

/**
 * `teaChest.pushImages`. Without an argument the person chooses the images, and it resolves with undefined. With one it
 * gives the result of each image; it rejects only if the arguments are wrong.
 */
export async function pushImagesCommand(
  push: Pick<PushController, 'pushAll' | 'pushEach'>,
  inspect: InspectImage,
  argument: unknown,
): Promise<PushImagesResult | undefined> {
  if (argument === undefined) {
    await push.pushAll();
    return undefined;
  }
  try {
    return await push.pushEach(await imagesOf(readPushImagesArguments(argument), inspect));
  } catch (error) {
    throw toRejection(error, 'resolve');
  }
}
