import type { PushStrategy } from '../../src/core/push/pushEvents.ts';
import type { Phases } from '../rig/teaChestProtocol.ts';

/** One line of the result: one tool at one task. */
export interface Row {
  /** Names the task: `cold`, `slow-link`, … */
  readonly case: string;
  readonly tool: string;
  /** Null if no run has ended; `note` says why. */
  readonly medianMs: number | null;
  /** How many times it was measured. */
  readonly runs: number;
  /** Bytes that the registry got, median; null if it cannot be measured. */
  readonly uploadedBytes: number | null;
  /** Of the Tea Chest process above idle, million bytes: the highest of all runs. Null for other tools. */
  readonly peakRssMb: number | null;
  /** Of Tea Chest's event loop: the worst of all runs. Null for other tools. */
  readonly delayP99Ms: number | null;
  /** Why it was not measured, or not as often as it should have been. */
  readonly note?: string;
  /** How the bytes left the engine, as Tea Chest reported it for each run. */
  readonly ways?: Readonly<Partial<Record<PushStrategy, number>>>;
  /** Where the time went, means of the runs in which the engine had to give something. */
  readonly spent?: Spent;
  /** Of a file, where that is what was measured. */
  readonly sizeBytes?: number;
}

/** All in ms. */
export interface Spent extends Phases {
  /** CPU time of Tea Chest's process, all threads. */
  readonly cpuMs: number;
}

/** One run of one tool. */
export interface Measurement {
  readonly ms: number;
  readonly uploadedBytes?: number | undefined;
  readonly peakRssMb?: number;
  readonly delayP99Ms?: number;
  readonly way?: PushStrategy;
  readonly phases?: Phases | undefined;
  readonly cpuMs?: number;
}

/** The note of a row that was not measured, or was measured in another way. */
export const nothingMeasured = {
  medianMs: null,
  runs: 0,
  uploadedBytes: null,
  peakRssMb: null,
  delayP99Ms: null,
} as const;

export function toRow(task: string, tool: string, runs: readonly Measurement[], note: string | undefined): Row {
  const uploaded = runs.flatMap(({ uploadedBytes }) => (uploadedBytes === undefined ? [] : [uploadedBytes]));
  const highest = (values: (number | undefined)[]): number | null => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? null : round(Math.max(...known), 1);
  };
  const ways = countWays(runs);
  const spent = meanSpent(runs);
  return {
    case: task,
    tool,
    medianMs: runs.length === 0 ? null : round(median(runs.map(({ ms }) => ms)), 1),
    runs: runs.length,
    uploadedBytes: uploaded.length === 0 ? null : Math.round(median(uploaded)),
    peakRssMb: highest(runs.map(({ peakRssMb }) => peakRssMb)),
    delayP99Ms: highest(runs.map(({ delayP99Ms }) => delayP99Ms)),
    ...(note !== undefined && { note }),
    ...(ways !== undefined && { ways }),
    ...(spent !== undefined && { spent }),
  };
}

function countWays(runs: readonly Measurement[]): Row['ways'] {
  const ways = Object.groupBy(
    runs.flatMap(({ way }) => way ?? []),
    (way) => way,
  );
  const counts = Object.entries(ways).map(([way, those]) => [way, those.length] as const);
  return counts.length === 0 ? undefined : Object.fromEntries(counts);
}

function meanSpent(runs: readonly Measurement[]): Spent | undefined {
  const known = runs.flatMap(({ phases, cpuMs = 0 }) => (phases === undefined ? [] : [{ ...phases, cpuMs }]));
  if (known.length === 0) return undefined;
  const mean = (part: keyof Spent): number => round(known.reduce((sum, one) => sum + one[part], 0) / known.length, 1);
  return {
    before: mean('before'),
    silent: mean('silent'),
    reading: mean('reading'),
    after: mean('after'),
    cpuMs: mean('cpuMs'),
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
