import type { Digest } from '../../oci/digest.ts';
import type { EnginePushStep } from '../../ports/enginePusher.ts';
import type { PushRun } from '../pushRun.ts';

/** Bytes after which a change is told. */
const eventStep = 256 * 1024;

interface Passage {
  storedBytes: number;
  sentBytes: number;
}

/**
 * Tells how far a relay is. The engine says how much of each layer it has read, we count what arrives and what is sent;
 * which layer an arriving blob is becomes known only when it is the one that is missing, or by the manifest at the end.
 */
export class RelayProgress {
  readonly #run: PushRun;
  readonly #isClassic: boolean;
  readonly #compresses: boolean;
  readonly #passages = new Map<object, Passage>();
  readonly #totals = new Map<string, number>();
  readonly #read = new Map<Digest, number>();
  #told = 0;

  constructor(run: PushRun, { isClassic, compresses }: { readonly isClassic: boolean; readonly compresses: boolean }) {
    this.#run = run;
    this.#isClassic = isClassic;
    this.#compresses = compresses;
  }

  /** One line of what the engine says. */
  step({ id, status, current, total }: EnginePushStep): void {
    if (id === undefined || status !== 'Pushing') return;
    const diffId = [...this.#run.diffIds].find((one) => one.startsWith(`sha256:${id}`));
    if (!this.#isClassic) {
      // A layer that is compressed here tells all of itself in its own row.
      if (total !== undefined && !(this.#compresses && diffId !== undefined)) this.#totals.set(id, total);
      return;
    }
    if (diffId === undefined || current === undefined || this.#run.isClaimed(diffId)) return;
    this.#read.set(diffId, current);
    // It reads the tar and has its total from the files, so that it may read more than that.
    const readTotal = total === undefined ? undefined : Math.max(total, current);
    this.#run.statusTable.update(diffId, { state: 'reading', readBytes: current, readTotal });
  }

  /** Uncompressed bytes of a layer that the engine has read. */
  readBytes(diffId: Digest): number | undefined {
    return this.#read.get(diffId);
  }

  /** A blob begins to arrive; the object stands for it from here on. */
  begin(blob: object): void {
    this.#passages.set(blob, { storedBytes: 0, sentBytes: 0 });
  }

  arrived(blob: object, storedBytes: number): void {
    const pipe = this.#passages.get(blob);
    if (pipe !== undefined) pipe.storedBytes = storedBytes;
    this.#tell();
  }

  sent(blob: object, sentBytes: number): void {
    const pipe = this.#passages.get(blob);
    if (pipe !== undefined) pipe.sentBytes = sentBytes;
    this.#tell();
  }

  forget(blob: object): void {
    this.#passages.delete(blob);
  }

  /** Every layer's row is told its own numbers from here on. */
  settle(): void {
    this.#run.onEvent({ type: 'relayed', storedBytes: 0, sentBytes: 0, totalBytes: undefined });
  }

  #tell(): void {
    const sums: Passage = { storedBytes: 0, sentBytes: 0 };
    for (const { storedBytes, sentBytes } of this.#passages.values()) {
      sums.storedBytes += storedBytes;
      sums.sentBytes += sentBytes;
    }
    const moved = sums.storedBytes + sums.sentBytes;
    if (Math.abs(moved - this.#told) < eventStep) return;
    this.#told = moved;
    const only = this.#onlyMissing();
    if (only !== undefined) this.#run.statusTable.update(only, sums);
    else this.#run.onEvent({ type: 'relayed', ...sums, totalBytes: this.#isClassic ? undefined : this.#total() });
  }

  /** A classic engine sends just what is missing: if that is one layer, all that arrives is of it. */
  #onlyMissing(): Digest | undefined {
    if (!this.#isClassic) return undefined;
    const missing = [...this.#run.diffIds].filter((diffId) => !this.#run.isClaimed(diffId));
    return missing.length === 1 ? missing[0] : undefined;
  }

  #total(): number {
    let sum = 0;
    for (const total of this.#totals.values()) sum += total;
    return sum;
  }
}
