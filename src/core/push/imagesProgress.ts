import type { TeaChestError } from '../base/errors.ts';
import type { ImagesEvent, ImagesPlan } from './imagesEvents.ts';
import { planImages } from './imagesPlan.ts';
import type { LayerStatus, PushResult } from './pushEvents.ts';
import { PushProgress, type PushSnapshot } from './pushProgress.ts';
import { findWait, transferStages, WaitClock, type RunWait, type RunWaits } from './runWaits.ts';

/** One image of a push of several. */
export interface ImageProgress {
  readonly snapshot: PushSnapshot;
  /** Undefined while it is not over. */
  readonly outcome: { readonly result: PushResult } | { readonly error: TeaChestError } | undefined;
}

/** The state of a running push of several images. Bytes of layers that images share are counted once. */
export interface ImagesSnapshot extends Omit<PushSnapshot, 'reference' | 'inspected' | 'result'> {
  readonly images: readonly ImageProgress[];
  /** Images that are pushed or have failed. */
  readonly ended: number;
  /** What all of them wait for now, and for how long they have waited for each so far. */
  readonly wait: RunWait | undefined;
  readonly waits: RunWaits;
}

interface Row {
  readonly origin: string;
  readonly progress: PushProgress;
  imageBytes: number;
  layers: LayerStatus[];
  outcome: ImageProgress['outcome'];
}

/**
 * Milliseconds between two looks at what is waited for while only bytes move. Each look goes over the layers of all images:
 * 2 ms for 30 images of 40 layers, and a fast push has hundreds of events in a second.
 */
const lookInterval = 50;

/** Folds the events of a push of several images into a snapshot. `now` gives milliseconds. */
export class ImagesProgress {
  readonly #rows: readonly Row[];
  readonly #whole: PushProgress;
  readonly #waits: WaitClock;
  readonly #now: () => number;
  #lookedAt = -Infinity;

  /** `origins`: the registry of each image. */
  constructor(origins: readonly string[], now: () => number) {
    this.#now = now;
    this.#whole = new PushProgress(now);
    this.#waits = new WaitClock(now);
    this.#rows = origins.map((origin) => ({
      ...{ origin, progress: new PushProgress(now), imageBytes: 0, layers: [], outcome: undefined },
    }));
  }

  apply(event: ImagesEvent): void {
    if (event.type === 'planned') return;
    const isMoved = this.#movesBytesOnly(event);
    this.#fold(event);
    if (!isMoved || this.#now() - this.#lookedAt >= lookInterval) this.#lookAtWaits();
  }

  #movesBytesOnly(event: ImagesEvent): boolean {
    if (event.type !== 'image') return false;
    const { event: own } = event;
    if (own.type !== 'layer') return own.type === 'received';
    const before = this.#rows[event.index]?.layers[own.index];
    return before?.state === own.status.state && before.phase === own.status.phase;
  }

  #lookAtWaits(): void {
    this.#lookedAt = this.#now();
    const running = this.#rows.filter(({ outcome }) => outcome === undefined);
    const layers = running.length === 1 ? Object.values(running[0]?.layers ?? []) : this.#plan().layers;
    this.#waits.change(
      findWait(
        running.map(({ progress }) => progress),
        layers,
      ),
    );
  }

  #fold(event: Exclude<ImagesEvent, { type: 'planned' }>): void {
    const row = this.#rows[event.index];
    // A layer of a failed image may still be sent for others, which report it, too. The indexes of its rows are not valid any more.
    if (row === undefined || (row.outcome !== undefined && 'error' in row.outcome)) return;
    if (event.type === 'failed') {
      row.outcome = { error: event.error };
      // What it has not sent, it will not send.
      row.layers = row.layers.filter(({ state }) => state === 'uploaded');
      return;
    }
    const { event: own } = event;
    row.progress.apply(own);
    if (own.type === 'planned') {
      row.layers = [...own.layers];
      row.imageBytes = own.imageBytes;
    } else if (own.type === 'layer') {
      row.layers[own.index] = own.status;
    } else if (own.type === 'done') {
      row.outcome = { result: own.result };
    }
  }

  snapshot(): ImagesSnapshot {
    this.#lookAtWaits();
    const images = this.#rows.map(({ progress, outcome }) => ({ snapshot: progress.snapshot(), outcome }));
    const running = images.flatMap(({ snapshot, outcome }) => (outcome === undefined ? [snapshot] : []));
    const stages = running.flatMap(({ stage }) => stage ?? []);
    const stage = stages.find((one) => transferStages.has(one)) ?? stages[0];
    const { layers, imageBytes } = this.#plan();
    if (stage !== undefined) this.#whole.apply({ type: 'stage', stage });
    this.#whole.apply({ type: 'planned', layers, imageBytes });
    const whole = this.#whole.snapshot();
    const isOver = running.length === 0;
    return {
      ...whole,
      ...{
        images: withRateOf(whole, images),
        ended: images.length - running.length,
        fraction: isOver ? 1 : whole.fraction,
      },
      ...(isOver && { stage: undefined, bytesPerSecond: undefined, etaSeconds: undefined }),
      enginePreparing: running.some((one) => one.enginePreparing) && !running.some(isReceiving),
      ...{ wait: this.#waits.current, waits: this.#waits.sums() },
    };
  }

  #plan(): Pick<ImagesPlan, 'layers' | 'imageBytes'> {
    // A layer may be reported before the plan: then rows before it are missing in the array.
    return planImages(
      this.#rows.map(({ origin, layers, imageBytes }) => ({
        ...{ origin, reference: '', layers: Object.values(layers) },
        imageBytes: layers.length === 0 ? 0 : imageBytes,
      })),
    );
  }
}

/** Of one image, both are shown at the same time: its own events come at other times, and would give another rate. */
function withRateOf(whole: PushSnapshot, images: readonly ImageProgress[]): readonly ImageProgress[] {
  const [only, ...others] = images;
  if (only === undefined || only.outcome !== undefined || others.length > 0) return images;
  const { bytesPerSecond, etaSeconds } = whole;
  return [{ ...only, snapshot: { ...only.snapshot, bytesPerSecond, etaSeconds } }];
}

function isReceiving({ stage, enginePreparing }: PushSnapshot): boolean {
  return stage !== undefined && transferStages.has(stage) && !enginePreparing;
}
