/** Bytes counted so far, of the layers that are not in the registry already. */
export interface RateSample {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** Uncompressed bytes read out of the engine. */
  readonly read: number;
  /** Compressed bytes made. */
  readonly stored: number;
  /** Compressed bytes that were written to connections to the registry. */
  readonly sent: number;
  /** Milliseconds that reading waited for the engine, and for compression; undefined where they were not measured. */
  readonly engineMs?: number | undefined;
  readonly compressionMs?: number | undefined;
  /** Milliseconds that the run waited: see `RunWait`. Undefined in records of earlier versions. */
  readonly preparingMs?: number | undefined;
  readonly sendingMs?: number | undefined;
  readonly writtenMs?: number | undefined;
  readonly answerMs?: number | undefined;
  /** See `LinkTimes`. Undefined where they were not measured. */
  readonly observedMs?: number | undefined;
  readonly busyMs?: number | undefined;
  readonly receiverMs?: number | undefined;
}

/** Samples of a whole run, at about equal distances. */
export interface RateSamples {
  /** Milliseconds between two of them, at least. */
  readonly step: number;
  readonly list: readonly RateSample[];
}

const firstStep = 500;
/** When there are so many, every other one is dropped and the distance doubled: a long run keeps its beginning. */
const most = 240;

export const noSamples: RateSamples = { step: firstStep, list: [] };

/** Adds a sample, unless the last one is too close. `isLast`: the last one of the run is kept anyway. */
export function addSample(samples: RateSamples, sample: RateSample, { isLast = false } = {}): RateSamples {
  const { step, list } = samples;
  const last = list.at(-1);
  if (!isLast && last !== undefined && sample.at - last.at < step) return samples;
  if (list.length < most) return { step, list: [...list, sample] };
  return { step: step * 2, list: [...list.filter((_, at) => at % 2 === 0), sample] };
}
