import { argumentsOfEach } from './argumentsOfEach.ts';
import { requireComposeImages, type InspectImage } from './composeImages.ts';
import type { PushArguments, PushImagesArguments } from './pushArguments.ts';

/**
 * Each image of the arguments with its target and options. Those of a compose file must all be in the engine.
 * @throws TeaChestError `composeFileInvalid`, `imageNotFound`, `referenceInvalid`
 */
export async function imagesOf(args: PushImagesArguments, inspect: InspectImage): Promise<readonly PushArguments[]> {
  const { images = [], composeFile, services, profiles, ...shared } = args;
  if (composeFile === undefined) return argumentsOfEach({ images, ...shared });
  const request = { files: [composeFile].flat(), services, profiles };
  return argumentsOfEach({ images: await requireComposeImages(request, inspect), ...shared });
}
