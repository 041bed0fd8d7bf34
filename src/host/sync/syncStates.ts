import { isCancelled, toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { Semaphore } from '../../core/base/semaphore.ts';
import type { LastPush } from '../../core/sync/compareSyncState.ts';
import type { SyncReport } from '../../core/sync/readSyncState.ts';
import { formatTarget, type Destination } from '../targets/target.ts';
import { RegistryPauses } from './registryPauses.ts';
import type { SyncQuestion } from './syncReader.ts';

/** A name of an image of the engine, such as a row of the Images view. */
export interface NamedImage {
  readonly reference: string;
  readonly imageId: string;
}

/** How an image compares with its target, or why that is not known. */
export interface SyncEntry extends Destination {
  readonly outcome: SyncReport | { readonly failure: TeaChestError };
  readonly lastPush: (LastPush & { readonly at: number }) | undefined;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
}

export interface SyncStatesOptions {
  /** Where a push of this image would go without a question, and what was pushed there last. */
  readonly destinationOf: (reference: string) => (Destination & Pick<SyncEntry, 'lastPush'>) | undefined;
  readonly read: (question: SyncQuestion, signal: AbortSignal) => Promise<SyncReport>;
  /** The rows of these names can be shown anew. */
  readonly onChange: (references: readonly string[]) => void;
  readonly now: () => number;
}

interface Row {
  readonly entry: SyncEntry;
  /** The image and the target that were compared. */
  readonly subject: string;
  /** With the last push: after a push the state is read again. */
  readonly version: string;
  /** The failure is that of the whole registry, which is not asked for a while. */
  readonly isPaused: boolean;
}

/** Where an image is pushed to, and what was pushed there last. */
type Known = Destination & Pick<SyncEntry, 'lastPush'>;

const parallelReads = 4;
/** Milliseconds after which a state that is shown is read again. */
const longestAge = 5 * 60_000;
/** Milliseconds between looks at the age of what is shown. */
const ageInterval = 60_000;
/** Milliseconds between updates of the rows. */
const updateInterval = 150;

/**
 * The sync states of images, read when their rows are shown, and kept. While the view is hidden nothing is read. A registry
 * that cannot be asked is left alone for a while.
 */
export class SyncStates {
  readonly #options: SyncStatesOptions;
  readonly #rows = new Map<string, Row>();
  readonly #shown = new Map<string, NamedImage>();
  readonly #reading = new Map<string, { readonly version: string; readonly done: Promise<void> }>();
  readonly #pauses: RegistryPauses;
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #reads = new Semaphore(parallelReads);
  #stop = new AbortController();
  #visible = false;
  #focused = false;
  #ageTimer: NodeJS.Timeout | undefined;
  #changed: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SyncStatesOptions) {
    this.#options = options;
    this.#pauses = new RegistryPauses(options.now);
  }

  /** What was read of this image and its present target; undefined if nothing was. */
  known(image: NamedImage): SyncEntry | undefined {
    const row = this.#rows.get(image.reference);
    if (row === undefined) return undefined;
    const destination = this.#options.destinationOf(image.reference);
    return destination !== undefined && row.subject === subjectOf(image, destination) ? row.entry : undefined;
  }

  /** Where a push of this image goes without a question; undefined if a person would be asked. Requests nothing. */
  destinationOf(reference: string): Destination | undefined {
    return this.#options.destinationOf(reference);
  }

  /** These rows are shown: their states are read, now or when the view becomes visible. */
  show(images: readonly NamedImage[]): void {
    for (const image of images) this.#shown.set(image.reference, image);
    this.#readShown(images);
  }

  /** These rows are not shown any more. */
  hide(references: Iterable<string>): void {
    for (const reference of references) this.#shown.delete(reference);
  }

  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (visible) this.update();
    else this.#abort();
    this.#followAge();
  }

  /** While the window has the focus and the view is visible, states that are too old are read again. */
  setFocused(focused: boolean): void {
    if (focused === this.#focused) return;
    this.#focused = focused;
    if (focused) this.update();
    this.#followAge();
  }

  /** Reads what is shown again: a person asks for it, or the sign-ins have changed. */
  refresh(): void {
    this.#abort();
    this.#pauses.clear();
    const known = [...this.#rows.keys()];
    this.#rows.clear();
    this.#noteChange(known);
    this.update();
  }

  /** Tags of this registry have changed other than by a push: the states are read again, and shown as they were until then. */
  registryChanged(origin: string): void {
    const changed = [...this.#rows].filter(([, { entry }]) => entry.connection.origin === origin);
    for (const [reference, row] of changed) this.#rows.set(reference, { ...row, version: '' });
    this.update();
  }

  /** Reads the states of what is shown, and was pushed meanwhile or read too long ago. */
  update(): void {
    this.#readShown([...this.#shown.values()]);
  }

  /** Reads the states of these anew, for a command: whether or not the view is visible. */
  async readAll(
    images: readonly NamedImage[],
    { signal, onRead }: { readonly signal: AbortSignal; readonly onRead: () => void },
  ): Promise<void> {
    this.#pauses.clear();
    await Promise.all(
      images.map(async (image) => {
        await this.#read(image, signal, { isForced: true });
        onRead();
      }),
    );
  }

  dispose(): void {
    this.#abort();
    for (const timer of this.#retries.values()) clearTimeout(timer);
    clearTimeout(this.#timer);
    clearInterval(this.#ageTimer);
  }

  #followAge(): void {
    clearInterval(this.#ageTimer);
    if (!this.#visible || !this.#focused) return;
    this.#ageTimer = setInterval(() => {
      this.update();
    }, ageInterval);
    this.#ageTimer.unref();
  }

  #abort(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#reading.clear();
  }

  #readShown(images: readonly NamedImage[]): void {
    if (!this.#visible) return;
    for (const image of images) void this.#read(image, this.#stop.signal);
  }

  /** Never rejects. `isForced`: even what is new enough. */
  async #read(image: NamedImage, signal: AbortSignal, { isForced } = { isForced: false }): Promise<void> {
    const { reference } = image;
    const destination = this.#options.destinationOf(reference);
    if (destination === undefined || (!isForced && this.#isFresh(image, destination))) return;
    const version = versionOf(image, destination);
    const running = this.#reading.get(reference);
    if (running?.version === version) await running.done;
    // It may have been stopped.
    if (running !== undefined && (signal.aborted || this.#isFresh(image, destination))) return;
    const done = this.#readOnce(image, destination, signal);
    this.#reading.set(reference, { version, done });
    await done;
    if (this.#reading.get(reference)?.done === done) this.#reading.delete(reference);
  }

  async #readOnce(image: NamedImage, destination: Known, signal: AbortSignal): Promise<void> {
    try {
      const outcome = await this.#reads.run(() => this.#ask(image, destination, signal), signal);
      if (!signal.aborted) this.#keep(image, destination, outcome);
    } catch (error) {
      if (!signal.aborted && !isCancelled(error)) this.#keep(image, destination, { failure: toTeaChestError(error) });
    }
  }

  async #ask(
    { reference }: NamedImage,
    { connection, target, lastPush }: Known,
    signal: AbortSignal,
  ): Promise<SyncEntry['outcome']> {
    const { origin } = connection;
    const paused = this.#pauses.reason(origin);
    if (paused !== undefined) return { failure: paused };
    try {
      const report = await this.#options.read({ image: reference, connection, target, lastPush }, signal);
      this.#pauses.answered(origin);
      return report;
    } catch (error) {
      if (signal.aborted || isCancelled(error)) throw error;
      const failure = toTeaChestError(error);
      this.#pauses.failed(origin, failure);
      this.#retryLater(origin);
      return { failure };
    }
  }

  #isFresh(image: NamedImage, destination: Known): boolean {
    const row = this.#rows.get(image.reference);
    if (row?.version !== versionOf(image, destination)) return false;
    if (row.isPaused) return this.#pauses.reason(destination.connection.origin) !== undefined;
    return this.#options.now() - row.entry.readAt < longestAge;
  }

  /** A read that began before a push may end after the one that began after it: it does not replace what that has found. */
  #isOutdated(image: NamedImage, version: string): boolean {
    const present = this.#options.destinationOf(image.reference);
    const known = this.#rows.get(image.reference)?.version;
    return present !== undefined && known === versionOf(image, present) && known !== version;
  }

  #keep(image: NamedImage, destination: Known, outcome: SyncEntry['outcome']): void {
    if (this.#isOutdated(image, versionOf(image, destination))) return;
    const { connection, target, lastPush } = destination;
    const entry = { connection, target, lastPush, outcome, readAt: this.#options.now() };
    const isPaused = 'failure' in outcome && outcome.failure === this.#pauses.reason(connection.origin);
    const row = { entry, subject: subjectOf(image, destination), version: versionOf(image, destination), isPaused };
    this.#rows.set(image.reference, row);
    this.#noteChange([image.reference]);
  }

  #noteChange(references: readonly string[]): void {
    if (references.length === 0) return;
    this.#changed.push(...references);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#options.onChange(this.#changed.splice(0));
    }, updateInterval);
  }

  #retryLater(origin: string): void {
    const ms = this.#pauses.remaining(origin);
    if (ms === 0 || this.#retries.has(origin)) return;
    const timer = setTimeout(() => {
      const shown = [...this.#shown.values()].filter(
        ({ reference }) => this.#options.destinationOf(reference)?.connection.origin === origin,
      );
      this.#retries.delete(origin);
      this.#readShown(shown);
    }, ms);
    timer.unref();
    this.#retries.set(origin, timer);
  }
}

function subjectOf({ imageId }: NamedImage, { connection, target }: Destination): string {
  return `${imageId} ${connection.origin} ${formatTarget(target)}`;
}

function versionOf(image: NamedImage, destination: Known): string {
  const { lastPush } = destination;
  return `${subjectOf(image, destination)} ${lastPush?.digest ?? ''} ${lastPush?.at ?? ''}`;
}
