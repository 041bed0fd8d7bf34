import { orCancelled } from '../base/cancel.ts';
import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';

/** An upload that is this push's to do; all others that want it wait until one of these was called. */
interface OwnUpload<T> {
  readonly kind: 'mine';
  done(result: T): void;
  /** Whoever waits takes over. */
  failed(): void;
}

interface SharedUpload<T> {
  readonly kind: 'shared';
  readonly result: T;
}

/** Work that several may want at the same time and one does. */
class InFlight<T> {
  readonly #running = new Map<string, Promise<undefined>>();
  readonly #finished = new Map<string, { readonly result: T; readonly at: number }>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Waits for another that is doing it, and takes over if that one fails. What was done since then is not done again. */
  async claim(key: string, since: () => number, signal: AbortSignal): Promise<OwnUpload<T> | SharedUpload<T>> {
    for (;;) {
      const finished = this.#finished.get(key);
      if (finished !== undefined && finished.at > since()) return { kind: 'shared', result: finished.result };
      const other = this.#running.get(key);
      if (other === undefined) return this.#begin(key);
      await orCancelled(other, signal);
    }
  }

  clear(): void {
    this.#finished.clear();
  }

  #begin(key: string): OwnUpload<T> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#running.set(key, promise);
    this.#finished.delete(key);
    const end = (): void => {
      if (this.#running.get(key) === promise) this.#running.delete(key);
      resolve(undefined);
    };
    return {
      kind: 'mine',
      done: (result) => {
        this.#finished.set(key, { result, at: this.#clock() });
        end();
      },
      failed: end,
    };
  }
}

/**
 * What the pushes of this window are sending at the moment, so that a blob which two of them want in one repository is
 * sent once. One for all pushes; holds nothing once they have ended.
 */
export class UploadsInFlight {
  #time = 0;
  #pushes = 0;
  readonly #layers = new InFlight<Descriptor>(() => ++this.#time);
  readonly #blobs = new InFlight<undefined>(() => ++this.#time);

  /** The part of one push to one repository; it must leave when it has ended. */
  join(origin: string, repository: string): PushUploads {
    this.#pushes++;
    const leave = (): void => {
      if (--this.#pushes > 0) return;
      this.#layers.clear();
      this.#blobs.clear();
    };
    const parts = { layers: this.#layers, blobs: this.#blobs, now: () => this.#time, leave };
    return new PushUploads(`${origin} ${repository}`, parts);
  }
}

interface Parts {
  readonly layers: InFlight<Descriptor>;
  readonly blobs: InFlight<undefined>;
  readonly now: () => number;
  readonly leave: () => void;
}

/** The uploads of one push. */
export class PushUploads {
  readonly #place: string;
  readonly #parts: Parts;
  #since: number;

  constructor(place: string, parts: Parts) {
    this.#place = place;
    this.#parts = parts;
    this.#since = parts.now();
  }

  leave(): void {
    this.#parts.leave();
  }

  /** The registry has lost blobs: what others have sent until now does not count. */
  startOver(): void {
    this.#since = this.#parts.now();
  }

  /** A layer whose blob is known only when it has been made. */
  claimLayer(
    { diffId, codecId }: { readonly diffId: Digest; readonly codecId: string },
    signal: AbortSignal,
  ): Promise<OwnUpload<Descriptor> | SharedUpload<Descriptor>> {
    return this.#parts.layers.claim(`${this.#place} ${codecId} ${diffId}`, () => this.#since, signal);
  }

  /** Sends a blob, unless another push does; gives undefined where it was another one. */
  async sendBlob<T>(digest: Digest, signal: AbortSignal, send: () => Promise<T>): Promise<T | undefined> {
    const claim = await this.#parts.blobs.claim(`${this.#place} ${digest}`, () => this.#since, signal);
    if (claim.kind === 'shared') return undefined;
    try {
      const sent = await send();
      claim.done(undefined);
      return sent;
    } catch (error) {
      claim.failed();
      throw error;
    }
  }
}
