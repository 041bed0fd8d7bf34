import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import { formatTarget } from '../targets/target.ts';
import type { PushJob } from './pushJob.ts';

/** @throws TeaChestError `argumentInvalid` */
export function requireDistinctTargets(jobs: readonly PushJob[]): void {
  const images = new Map<string, string>();
  for (const { image, target } of jobs) {
    const key = formatTarget(target);
    const other = images.get(key);
    if (other !== undefined) {
      const message = l10n.t`Two of the images have the target ${key}: ${other} and ${image}. Nothing was pushed.`;
      throw new TeaChestError('argumentInvalid', message, { stage: 'resolve', facts: { reference: key } });
    }
    images.set(key, image);
  }
}
