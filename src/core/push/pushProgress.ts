import type { Stage } from '../base/errors.ts';
import { RateWindow } from '../base/rateWindow.ts';
import { isMoreToRead } from './runWaits.ts';
import type { InspectedImage, LayerStatus, PushEvent, PushResult } from './pushEvents.ts';

/** The state of a running push at one moment. All bytes were counted. */
export interface PushSnapshot {
  readonly reference: string | undefined;
  readonly stage: Stage | undefined;
  /** Undefined until the engine has described the image. */
  readonly inspected: InspectedImage | undefined;
  readonly layers: readonly LayerStatus[];
  /** The engine was asked for the image and has not given a byte yet: old engines first write it all to their disk. */
  readonly enginePreparing: boolean;
  /** Nothing is left to read or to send, and answers of the registry are waited for. */
  readonly isAwaitingAnswer: boolean;
  /** Compressed bytes that were written to connections to the registry by this push. */
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

/** If the sum of sent bytes falls by this much, an upload was restarted. Smaller decreases are not shown. */
const restartBytes = 1_000_000;
/** The part of the work that must be done before the time left is estimated. */
const leastPart = 0.01;
const longestEta = 24 * 3600;

/** Folds the events of one push into a snapshot. `now` gives milliseconds. */
export class PushProgress {
  readonly #now: () => number;
  readonly #sentRate: RateWindow;
  readonly #workRate: RateWindow;
  #reference: string | undefined;
  #stage: Stage | undefined;
  #inspected: InspectedImage | undefined;
  #layers: LayerStatus[] = [];
  #imageBytes = 0;
  #receivedBytes: number | undefined;
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
      case 'inspected':
        this.#inspected = event.image;
        break;
      case 'planned':
        this.#layers = [...event.layers];
        this.#imageBytes = event.imageBytes;
        break;
      case 'received':
        this.#receivedBytes = event.bytes;
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
   * The sent part of the compressed bytes goes up and down while both counts grow. The highest value is shown, until an
   * upload is restarted.
   */
  #measure(): void {
    const sent = this.#sentBytes();
    const isRestarted = sent < this.#mostSent - restartBytes;
    this.#mostSent = isRestarted ? sent : Math.max(this.#mostSent, sent);
    this.#mostWork = isRestarted ? this.#workDone() : Math.max(this.#mostWork, this.#workDone());
    this.#sentRate.add(this.#now(), this.#mostSent);
    this.#workRate.add(this.#now(), this.#mostWork);
  }

  get stage(): Stage | undefined {
    return this.#stage;
  }

  get isEnginePreparing(): boolean {
    return this.#result === undefined && this.#stage === 'export' && this.#receivedBytes === 0;
  }

  snapshot(): PushSnapshot {
    const now = this.#now();
    const total = this.#workTotal();
    const done = Math.min(this.#mostWork, total);
    const running = this.#result === undefined;
    const isAwaitingAnswer = running && isAwaiting(this.#travelling());
    // After the last byte there is no speed to show.
    const isMoving = running && this.#stage !== 'manifest' && this.#stage !== 'check' && !isAwaitingAnswer;
    return {
      reference: this.#reference,
      stage: this.#stage,
      inspected: this.#inspected,
      layers: this.#layers.filter(({ state }) => state !== 'superseded'),
      enginePreparing: this.isEnginePreparing,
      isAwaitingAnswer,
      sentBytes: this.#sentBytes(),
      totalBytes: this.#totalBytes(),
      fraction: running ? (total > 0 ? Math.min(done / total, 0.99) : undefined) : 1,
      bytesPerSecond: isMoving ? this.#sentRate.perSecond(now) : undefined,
      etaSeconds: isMoving ? secondsLeft(done, total, this.#workRate.perSecond(now)) : undefined,
      result: this.#result,
    };
  }

  /** The rows whose bytes travel: other layers are there already. */
  #travelling(): readonly LayerStatus[] {
    return this.#layers.filter(({ state }) => state !== 'exists' && state !== 'mounted' && state !== 'superseded');
  }

  #sentBytes(): number {
    return sum(this.#travelling(), ({ sentBytes }) => sentBytes);
  }

  #totalBytes(): number | undefined {
    const rows = this.#travelling();
    const hasBlobs = rows.some(isBlob);
    // A layer of which nothing is known yet may be any of the blobs.
    const counted = rows.filter(
      ({ storedTotal, state }) => !(hasBlobs && storedTotal === undefined && state === 'waiting'),
    );
    if (this.#layers.length === 0 || counted.some(({ storedTotal }) => storedTotal === undefined)) return undefined;
    return sum(counted, ({ storedTotal }) => storedTotal ?? 0);
  }

  /**
   * How far the push is, in uncompressed bytes that have arrived in compressed form: the one measure that is known for
   * reading, compressing and sending alike. Blobs of known size count their own bytes.
   */
  #workDone(): number {
    const rows = this.#travelling();
    const blobs = rows.filter(isBlob);
    const stored = sum(blobs, ({ storedBytes }) => storedBytes);
    const sent = sum(blobs, ({ sentBytes }) => sentBytes);
    const isSized = sizeOf(blobs) !== undefined;
    // A classic engine says how far it has read each layer; how much of that was sent is known for all blobs together.
    const sentPart = stored > 0 && !isSized ? Math.min(sent / stored, 1) : 0;
    const ofLayers = sum(rows, (layer) => {
      if (layer.state === 'uploaded') return layer.readTotal ?? layer.readBytes;
      const made = layer.storedTotal ?? layer.storedBytes;
      return layer.readBytes * (made > 0 ? Math.min(layer.sentBytes / made, 1) : sentPart);
    });
    return ofLayers + (isSized ? sent : 0);
  }

  /** Exact once every travelling layer's size is known; before that at least what the engine says of the image. */
  #workTotal(): number {
    const travelling = this.#travelling();
    const known = sumOf(travelling);
    const ofBlobs = sizeOf(travelling.filter(isBlob));
    if (ofBlobs !== undefined) return known + ofBlobs;
    if (travelling.every((row) => isBlob(row) || row.readTotal !== undefined)) return known;
    return Math.max(known, this.#imageBytes - sumOf(this.#layers) + known);
  }
}

function isAwaiting(rows: readonly LayerStatus[]): boolean {
  if (isMoreToRead(rows)) return false;
  const isAllWritten = rows.every(
    ({ phase, storedBytes, sentBytes }) => phase !== 'sending' && storedBytes <= sentBytes,
  );
  return isAllWritten && rows.some(({ phase }) => phase !== undefined);
}

function isBlob({ diffId }: LayerStatus): boolean {
  return diffId === undefined;
}

/** Stored bytes of blobs; undefined if there are none, or the size of one is not known. */
function sizeOf(blobs: readonly LayerStatus[]): number | undefined {
  if (blobs.length === 0 || blobs.some(({ storedTotal }) => storedTotal === undefined)) return undefined;
  return sum(blobs, ({ storedTotal }) => storedTotal ?? 0);
}

/** Undefined where it would be a guess: too little is done, all of it is, nothing is being sent, or it would take days. */
function secondsLeft(done: number, total: number, perSecond: number | undefined): number | undefined {
  if (perSecond === undefined || perSecond <= 0 || done < total * leastPart || done >= total) return undefined;
  const seconds = (total - done) / perSecond;
  return seconds < longestEta ? seconds : undefined;
}

function sumOf(layers: readonly LayerStatus[]): number {
  return sum(layers, ({ readTotal }) => readTotal ?? 0);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
