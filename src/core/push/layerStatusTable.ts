import type { Digest } from '../oci/digest.ts';
import type { LayerStatus, PushEvent } from './pushEvents.ts';

/** Bytes that a row moves on before its next event, so that a fast push does not flood its listeners. */
const eventStep = 256 * 1024;

export type StatusChange = Partial<Omit<LayerStatus, 'diffId'>>;

/** The status of every distinct layer of one attempt, and of blobs that may be any of them. Reports each change. */
export class LayerStatusTable {
  readonly #onEvent: (event: PushEvent) => void;
  readonly #rows: LayerStatus[];
  readonly #indexes: ReadonlyMap<Digest, number>;
  /** Bytes that the last event of each row counted. */
  readonly #reported: number[];

  constructor(diffIds: Iterable<Digest>, onEvent: (event: PushEvent) => void) {
    this.#onEvent = onEvent;
    this.#rows = [...diffIds].map((diffId) => ({ ...untouched, diffId }));
    this.#indexes = new Map([...diffIds].map((diffId, index) => [diffId, index]));
    this.#reported = this.#rows.map(() => 0);
  }

  get rows(): readonly LayerStatus[] {
    return [...this.#rows];
  }

  row(diffId: Digest): LayerStatus | undefined {
    return this.#rows[this.#indexes.get(diffId) ?? -1];
  }

  /** An old engine's archive does not say which layer it gives until the layer has been read: then nothing is reported. */
  update(diffId: Digest | undefined, change: StatusChange): void {
    const index = diffId === undefined ? undefined : this.#indexes.get(diffId);
    if (index !== undefined) this.#change(index, change);
  }

  /** Adds a row for a blob that the engine sends before it is known which layer it is. Gives its `update`. */
  addBlob(storedTotal: number | undefined): (change: StatusChange) => void {
    const index = this.#rows.push({ ...untouched, diffId: undefined, storedTotal }) - 1;
    this.#reported.push(0);
    this.#change(index, { state: 'uploading' });
    return (change) => {
      this.#change(index, change);
    };
  }

  /** It is known now which layers the blobs are: the layers' own rows count their bytes. */
  supersedeBlobs(): void {
    this.#rows.forEach(({ diffId }, index) => {
      if (diffId === undefined) this.#change(index, { state: 'superseded' });
    });
  }

  /** Reports a change of state or phase at once, and a change of bytes alone when it has become large enough. */
  #change(index: number, change: StatusChange): void {
    const before = this.#rows[index];
    if (before === undefined) return;
    const status = { ...before, ...change };
    this.#rows[index] = status;
    const moved = status.readBytes + status.storedBytes + status.sentBytes;
    const isSame =
      status.state === before.state && status.phase === before.phase && status.isCompressed === before.isCompressed;
    if (isSame && Math.abs(moved - (this.#reported[index] ?? 0)) < eventStep) return;
    this.#reported[index] = moved;
    this.#onEvent({ type: 'layer', index, status });
  }
}

const untouched = {
  state: 'waiting',
  readBytes: 0,
  readTotal: undefined,
  storedBytes: 0,
  storedTotal: undefined,
  sentBytes: 0,
} as const;
