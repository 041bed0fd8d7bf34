import { formatTarget } from '../targets/target.ts';
import type { PushArguments, PushOptions } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import { recordedArguments } from './recordedArguments.ts';

/** A job as arguments that make the same one again. */
export function jobArguments({ image, requestedImage = image, target, ...options }: PushJob): PushArguments {
  return recordedArguments({ image: requestedImage, target: formatTarget(target), options: optionsOf(options) });
}

export function optionsOf({ compression, strategy, platform, recheck }: PushOptions): PushOptions {
  return { compression, strategy, platform, recheck };
}
