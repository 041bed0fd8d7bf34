/** One line of the result: one tool at one task. */
export interface Row {
  /** Names the task: `cold`, `slow-link`, … */
  readonly case: string;
  readonly tool: string;
  /** Null where it never came to an end; `note` then says why. */
  readonly medianMs: number | null;
  /** How many times it was measured. */
  readonly runs: number;
  /** Bytes that the registry got, median; null where nobody could see. */
  readonly uploadedBytes: number | null;
  /** Of the Tea Chest process above idle, million bytes: the highest of all runs. Null for other tools. */
  readonly peakRssMb: number | null;
  /** Of Tea Chest's event loop: the worst of all runs. Null for other tools. */
  readonly delayP99Ms: number | null;
  readonly note?: string;
  /** Of a file, where that is what was measured. */
  readonly sizeBytes?: number;
}

/** One run of one tool. */
export interface Measurement {
  readonly ms: number;
  readonly uploadedBytes?: number | undefined;
  readonly peakRssMb?: number;
  readonly delayP99Ms?: number;
}

export function toRow(task: string, tool: string, runs: readonly Measurement[], note: string | undefined): Row {
  const uploaded = runs.flatMap(({ uploadedBytes }) => (uploadedBytes === undefined ? [] : [uploadedBytes]));
  const highest = (values: (number | undefined)[]): number | null => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? null : round(Math.max(...known), 1);
  };
  return {
    case: task,
    tool,
    medianMs: runs.length === 0 ? null : round(median(runs.map(({ ms }) => ms)), 1),
    runs: runs.length,
    uploadedBytes: uploaded.length === 0 ? null : Math.round(median(uploaded)),
    peakRssMb: highest(runs.map(({ peakRssMb }) => peakRssMb)),
    delayP99Ms: highest(runs.map(({ delayP99Ms }) => delayP99Ms)),
    ...(note !== undefined && { note }),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
