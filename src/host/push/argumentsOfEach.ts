import type { PushArguments, PushImagesArguments } from './pushArguments.ts';
import { targetUnderPrefix } from './targetsUnder.ts';

/** The images by name. */
interface NamedImages extends Omit<PushImagesArguments, 'images' | 'composeFile' | 'services' | 'profiles'> {
  readonly images: readonly (string | PushArguments)[];
}

/** The arguments of each image: its own, or those of all. */
export function argumentsOfEach({ images, target: prefix, ...options }: NamedImages): readonly PushArguments[] {
  return images.map((item) => {
    const { image, target, ...own } = typeof item === 'string' ? { image: item } : item;
    const wanted = target ?? (prefix === undefined ? undefined : targetUnderPrefix(image, prefix));
    return { image, ...(wanted !== undefined && { target: wanted }), ...own, ...options };
  });
}
