import { RateWindow } from '../base/rateWindow.ts';
import type { PulledLayer, PullEvent, PullResult, PullWay } from './pullEvents.ts';

/** The state of a running pull at one moment. All bytes were counted. */
export interface PullSnapshot {
  readonly stage: 'resolve' | 'transfer' | 'check';
  readonly way: PullWay | undefined;
  readonly layers: readonly PulledLayer[];
  /** Stored bytes that have come; those of layers that the engine had do not count. */
  readonly receivedBytes: number;
  /** Stored bytes that come in all; undefined while the size of one layer is not known. */
  readonly totalBytes: number | undefined;
  /** 0 to 1, undefined while there is no total; 1 only once the image was compared. */
  readonly fraction: number | undefined;
  /** Undefined until there are samples, and while nothing is left to come. */
  readonly bytesPerSecond: number | undefined;
  readonly etaSeconds: number | undefined;
  /** All bytes have come, and the engine unpacks them. */
  readonly isUnpacking: boolean;
  readonly result: PullResult | undefined;
}

const longestEta = 24 * 3600;
/** The part of the bytes that must have come before the time left is estimated. */
const leastPart = 0.01;

/** Folds the events of one pull into a snapshot. `now` gives milliseconds. */
export class PullProgress {
  readonly #now: () => number;
  #rate = new RateWindow();
  #stage: PullSnapshot['stage'] = 'resolve';
  #way: PullWay | undefined;
  #layers: PulledLayer[] = [];
  #result: PullResult | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  apply(event: PullEvent): void {
    switch (event.type) {
      case 'stage':
        this.#stage = event.stage;
        break;
      case 'way':
        this.#way = event.way;
        this.#layers = event.layers.map(bounded);
        this.#rate = new RateWindow();
        break;
      case 'layer':
        this.#layers[event.index] = bounded(event.layer);
        break;
      case 'done':
        this.#result = event.result;
        break;
    }
    this.#rate.add(this.#now(), receivedBytes(this.#layers));
  }

  snapshot(): PullSnapshot {
    const travelling = this.#layers.filter(({ state }) => state !== 'exists');
    const received = receivedBytes(this.#layers);
    const total = totalBytes(this.#layers);
    const isRunning = this.#result === undefined;
    const isMoving = isRunning && this.#stage === 'transfer' && (total === undefined || received < total);
    const rate = isMoving ? this.#rate.perSecond(this.#now()) : undefined;
    return {
      stage: this.#stage,
      way: this.#way,
      layers: this.#layers,
      receivedBytes: received,
      totalBytes: total,
      fraction: isRunning ? fractionOf(received, total) : 1,
      bytesPerSecond: rate,
      etaSeconds: secondsLeft(received, total, rate),
      isUnpacking: isRunning && travelling.length > 0 && travelling.every(hasArrived),
      result: this.#result,
    };
  }
}

/** Engines count what they read, which may be more than the size that they or the manifest have named. */
function bounded(layer: PulledLayer): PulledLayer {
  const { receivedBytes: received, size } = layer;
  return size === undefined || received <= size ? layer : { ...layer, receivedBytes: size };
}

function hasArrived({ state }: PulledLayer): boolean {
  return state === 'downloaded' || state === 'unpacking' || state === 'done';
}

function receivedBytes(layers: readonly PulledLayer[]): number {
  return layers.reduce((sum, layer) => sum + (layer.state === 'exists' ? 0 : layer.receivedBytes), 0);
}

function totalBytes(layers: readonly PulledLayer[]): number | undefined {
  if (layers.length === 0) return undefined;
  let total = 0;
  for (const { state, size } of layers) {
    if (state === 'exists') continue;
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}

function fractionOf(received: number, total: number | undefined): number | undefined {
  if (total === undefined || total === 0) return undefined;
  return Math.min(received / total, 0.99);
}

/** Undefined where it would be a guess. */
function secondsLeft(received: number, total: number | undefined, rate: number | undefined): number | undefined {
  if (total === undefined || rate === undefined || rate <= 0 || received < total * leastPart) return undefined;
  const seconds = (total - received) / rate;
  return seconds < longestEta ? seconds : undefined;
}
