import type { Stage } from '../base/errors.ts';
import type { LayerStatus, PushEvent, PushResult } from './events.ts';
import { RateWindow } from './rateWindow.ts';

/** What a person can be told about a running push at one moment. All bytes were counted. */
export interface PushSnapshot {
  readonly reference: string | undefined;
  readonly stage: Stage | undefined;
  readonly layers: readonly LayerStatus[];
  /** The engine was asked for the image and has not given a byte yet: old engines first write it all to their disk. */
  readonly enginePreparing: boolean;
  readonly receivedBytes: number;
  /** Compressed bytes that the registry was sent by this push. */
  readonly sentBytes: number;
  /** Compressed bytes that this push sends in all; undefined until every layer has been compressed. */
  readonly totalBytes: number | undefined;
  /** 0 to 1, undefined while there is nothing to measure it by; 1 only once the manifest was accepted. */
  readonly fraction: number | undefined;
  /** Bytes sent per second over the last seconds; undefined until there are samples. */
  readonly bytesPerSecond: number | undefined;
  readonly etaSeconds: number | undefined;
  readonly result: PushResult | undefined;
}

/** Bytes by which the sum of sent bytes goes back when an upload is begun anew; less is nothing worth showing. */
const beganAnew = 1_000_000;
/** The part of the work that must be done before it says something of the rest. */
const leastPart = 0.01;
const longestEta = 24 * 3600;

/** Folds the events of one push into a snapshot. `now` gives milliseconds. */
export class PushProgress {
  readonly #now: () => number;
  readonly #sentRate: RateWindow;
  readonly #workRate: RateWindow;
  #reference: string | undefined;
  #stage: Stage | undefined;
  #layers: LayerStatus[] = [];
  #imageBytes = 0;
  #receivedBytes: number | undefined;
  #relayed: Relayed = { storedBytes: 0, sentBytes: 0, totalBytes: undefined };
  #mostSent = 0;
  #mostWork = 0;
  #result: PushResult | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#sentRate = new RateWindow();
    this.#workRate = new RateWindow();
  }

  apply(event: PushEvent): void {
    switch (event.type) {
      case 'target':
        this.#reference = event.reference;
        break;
      case 'stage':
        this.#stage = event.stage;
        break;
      case 'planned':
        this.#layers = [...event.layers];
        this.#imageBytes = event.imageBytes;
        break;
      case 'received':
        this.#receivedBytes = event.bytes;
        break;
      case 'relayed':
        this.#relayed = event;
        break;
      case 'layer':
        this.#layers[event.index] = event.status;
        break;
      case 'done':
        this.#result = event.result;
        break;
    }
    this.#measure();
  }

  /**
   * How much of what was compressed has been sent wavers while both go on; what was reached is shown, until an upload
   * is begun anew and the way back is real.
   */
  #measure(): void {
    const sent = this.#sentBytes();
    const isBegunAnew = sent < this.#mostSent - beganAnew;
    this.#mostSent = isBegunAnew ? sent : Math.max(this.#mostSent, sent);
    this.#mostWork = isBegunAnew ? this.#workDone() : Math.max(this.#mostWork, this.#workDone());
    this.#sentRate.add(this.#now(), this.#mostSent);
    this.#workRate.add(this.#now(), this.#mostWork);
  }

  snapshot(): PushSnapshot {
    const now = this.#now();
    const total = this.#workTotal();
    const done = Math.min(this.#mostWork, total);
    const running = this.#result === undefined;
    // After the last byte there is nothing left whose speed would mean anything.
    const isMoving = running && this.#stage !== 'manifest' && this.#stage !== 'check';
    return {
      reference: this.#reference,
      stage: this.#stage,
      layers: [...this.#layers],
      enginePreparing: running && this.#stage === 'export' && this.#receivedBytes === 0,
      receivedBytes: this.#receivedBytes ?? 0,
      sentBytes: this.#sentBytes(),
      totalBytes: this.#totalBytes(),
      fraction: running ? (total > 0 ? Math.min(done / total, 0.99) : undefined) : 1,
      bytesPerSecond: isMoving ? this.#sentRate.perSecond(now) : undefined,
      etaSeconds: isMoving ? secondsLeft(done, total, this.#workRate.perSecond(now)) : undefined,
      result: this.#result,
    };
  }

  /** The layers that travel: the others are there already and count for nothing. */
  #travelling(): readonly LayerStatus[] {
    return this.#layers.filter(({ state }) => state !== 'exists' && state !== 'mounted');
  }

  #sentBytes(): number {
    return this.#travelling().reduce((sum, layer) => sum + layer.sentBytes, this.#relayed.sentBytes);
  }

  #totalBytes(): number | undefined {
    // What is relayed may be any of the layers whose size is not known.
    let sum = this.#relayed.totalBytes ?? 0;
    for (const { storedTotal, state } of this.#travelling()) {
      if (storedTotal === undefined && state === 'waiting' && this.#relayed.totalBytes !== undefined) continue;
      if (storedTotal === undefined) return undefined;
      sum += storedTotal;
    }
    return this.#layers.length === 0 ? undefined : sum;
  }

  /**
   * How far the push is, in uncompressed bytes that have arrived in compressed form: the one measure that is known for
   * reading, compressing and sending alike.
   */
  #workDone(): number {
    const { storedBytes, sentBytes, totalBytes } = this.#relayed;
    // Of a layer that is being relayed the engine tells how far it has been read, and all together how much was sent.
    const relayedPart = storedBytes > 0 && totalBytes === undefined ? Math.min(sentBytes / storedBytes, 1) : 0;
    return this.#travelling().reduce(
      (sum, layer) => {
        const stored = layer.storedTotal ?? layer.storedBytes;
        const arrived = stored > 0 ? Math.min(layer.sentBytes / stored, 1) : relayedPart;
        return sum + (layer.state === 'uploaded' ? (layer.readTotal ?? layer.readBytes) : layer.readBytes * arrived);
      },
      totalBytes === undefined ? 0 : sentBytes,
    );
  }

  /** Exact once every travelling layer's size is known; before that at least what the engine says of the image. */
  #workTotal(): number {
    const travelling = this.#travelling();
    const known = sumOf(travelling);
    if (this.#relayed.totalBytes !== undefined) return known + this.#relayed.totalBytes;
    if (travelling.every((layer) => layer.readTotal !== undefined)) return known;
    return Math.max(known, this.#imageBytes - sumOf(this.#layers) + known);
  }
}

type Relayed = Omit<Extract<PushEvent, { readonly type: 'relayed' }>, 'type'>;

/** Undefined where it would be a guess: too little is done, nothing moves, or it would be days. */
function secondsLeft(done: number, total: number, perSecond: number | undefined): number | undefined {
  if (perSecond === undefined || perSecond <= 0 || done < total * leastPart) return undefined;
  const seconds = (total - done) / perSecond;
  return seconds < longestEta ? seconds : undefined;
}

function sumOf(layers: readonly LayerStatus[]): number {
  return layers.reduce((sum, layer) => sum + (layer.readTotal ?? 0), 0);
}
