import type { Stage } from '../base/errors.ts';
import type { LayerStatus } from './pushEvents.ts';

/**
 * What a run waits for. `preparing`: the engine, which was asked for the images and has not given a byte · `sending`: bytes
 * wait to be sent · `written`: all bytes are written to connections, and some may still be in the buffers of this machine ·
 * `answer`: only answers of the registry are missing.
 */
export type RunWait = 'preparing' | 'sending' | 'written' | 'answer';

/** Milliseconds so far. */
export type RunWaits = Readonly<Record<RunWait, number>>;

/** Bytes that wait to be sent although nothing is slow: a request is being filled with them. */
const usualBacklog = 1024 * 1024;

export const transferStages: ReadonlySet<Stage> = new Set(['export', 'verify', 'spool', 'upload']);

interface RunningImage {
  readonly stage: Stage | undefined;
  readonly isEnginePreparing: boolean;
}

/** Undefined while something is read or compressed and sending keeps up with it. `layers`: of all images. */
export function findWait(images: readonly RunningImage[], layers: readonly LayerStatus[]): RunWait | undefined {
  if (images.length === 0) return undefined;
  const moving = layers.filter(({ state }) => state === 'reading' || state === 'uploading');
  const has = (phase: LayerStatus['phase']): boolean => moving.some((layer) => layer.phase === phase);
  // What is not sent before it is complete does not wait for the link: see `sendBlob`.
  const sendable = moving.filter(({ state, phase }) => state === 'uploading' || phase !== undefined);
  const isBacklogged = sendable.reduce((sum, layer) => sum + layer.storedBytes - layer.sentBytes, 0) > usualBacklog;
  if (has('sending')) return isBacklogged ? 'sending' : undefined;
  const isTransferring = images.some(({ stage }) => stage !== undefined && transferStages.has(stage));
  if (!isTransferring) return images.some(isPublishing) ? 'answer' : undefined;
  if (moving.length === 0 && images.some(({ isEnginePreparing }) => isEnginePreparing)) return 'preparing';
  if (!isBacklogged && isMoreToRead(layers)) return undefined;
  if (has('written')) return 'written';
  if (has('answer')) return 'answer';
  return isBacklogged ? 'sending' : undefined;
}

/** While an engine pushes by itself, its blobs have rows of their own, and layers keep waiting. */
export function isMoreToRead(layers: readonly LayerStatus[]): boolean {
  const hasBlobs = layers.some(({ diffId, state }) => diffId === undefined && state !== 'superseded');
  return layers.some(
    ({ state, readBytes, readTotal = Infinity }) =>
      (state === 'reading' && readBytes < readTotal) || (state === 'waiting' && !hasBlobs),
  );
}

/** The manifest is written or checked: small requests, one after the other. */
function isPublishing({ stage }: RunningImage): boolean {
  return stage === 'manifest' || stage === 'check';
}

/** Sums up how long a run has waited for what. `now` gives milliseconds. */
export class WaitClock {
  readonly #now: () => number;
  readonly #sums: Record<RunWait, number> = { preparing: 0, sending: 0, written: 0, answer: 0 };
  #current: RunWait | undefined;
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  get current(): RunWait | undefined {
    return this.#current;
  }

  /** From now on it waits for this. */
  change(wait: RunWait | undefined): void {
    if (wait === this.#current) return;
    this.#count();
    this.#current = wait;
  }

  sums(): RunWaits {
    this.#count();
    return { ...this.#sums };
  }

  #count(): void {
    const now = this.#now();
    if (this.#current !== undefined) this.#sums[this.#current] += now - this.#since;
    this.#since = now;
  }
}
