import type { Digest } from '../oci/digest.ts';
import type { LayerStatus, PushEvent } from './events.ts';

/** Bytes a layer moves on before its next event, so that a fast push does not drown its listeners. */
const eventStep = 256 * 1024;

/** Holds the status of every distinct layer of one push and tells each change. */
export class LayerStatusTable {
  readonly #onEvent: (event: PushEvent) => void;
  readonly #statuses: LayerStatus[];
  readonly #indexes: ReadonlyMap<Digest, number>;
  readonly #told: number[];

  constructor(diffIds: readonly Digest[], onEvent: (event: PushEvent) => void) {
    this.#onEvent = onEvent;
    const distinct = [...new Set(diffIds)];
    this.#indexes = new Map(distinct.map((diffId, index) => [diffId, index]));
    this.#told = distinct.map(() => 0);
    this.#statuses = distinct.map(untouched);
  }

  /** Every layer waits again. */
  reset(): void {
    this.#statuses.forEach(({ diffId }, index) => (this.#statuses[index] = untouched(diffId)));
    this.#told.fill(0);
  }

  get statuses(): readonly LayerStatus[] {
    return [...this.#statuses];
  }

  /**
   * Tells a change of state at once, and a change of bytes alone once it is worth an event. Without a diffID nothing
   * is told: an old engine's archive does not say which layer it gives until the layer has been read.
   */
  update(diffId: Digest | undefined, change: Partial<Omit<LayerStatus, 'diffId'>>): void {
    const index = diffId === undefined ? undefined : this.#indexes.get(diffId);
    const before = index === undefined ? undefined : this.#statuses[index];
    if (index === undefined || before === undefined) return;
    const status = { ...before, ...change };
    this.#statuses[index] = status;
    const moved = status.readBytes + status.storedBytes + status.sentBytes;
    if (status.state === before.state && Math.abs(moved - (this.#told[index] ?? 0)) < eventStep) return;
    this.#told[index] = moved;
    this.#onEvent({ type: 'layer', index, status });
  }
}

function untouched(diffId: Digest): LayerStatus {
  const sizes = { readBytes: 0, readTotal: undefined, storedBytes: 0, storedTotal: undefined, sentBytes: 0 };
  return { diffId, state: 'waiting', ...sizes };
}
