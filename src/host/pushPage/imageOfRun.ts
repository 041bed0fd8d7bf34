import type { PushRecord } from '../../core/push/record/pushRecord.ts';

/**
 * One image of a run of several, by its target, as a record of its own. Rate, time and time left are those of the whole run: a
 * layer that images share is sent once. So they are left out. Undefined if the run has no such image.
 */
export function imageOfRun(record: PushRecord, target: string): PushRecord | undefined {
  const image = record.images.find((one) => one.target === target);
  if (image === undefined) return undefined;
  const sentBytes = image.layers.reduce((total, layer) => total + layer.sentBytes, 0);
  return {
    ...record,
    ...{ state: image.state, images: [image], startedAt: undefined, endedAt: undefined },
    progress: { stage: image.stage, enginePreparing: false, sentBytes },
    samples: { ...record.samples, list: [] },
  };
}
