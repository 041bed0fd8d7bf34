import { readValue } from '../../core/base/json.ts';
import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import { pushArguments, type PushArguments } from './pushArguments.ts';

/** The arguments with which an image was pushed, to push it again in the same way. */
export function recordedArguments({
  image,
  target,
  options,
}: Pick<ImageRecord, 'image' | 'target' | 'options'>): PushArguments {
  const all = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  // Options that another version of the extension has written may not be known here.
  return readValue(pushArguments, { image, target, ...all }) ?? { image, target };
}
