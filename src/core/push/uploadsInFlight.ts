import { orCancelled } from '../base/cancel.ts';
import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';

/** The caller does the upload, and calls `done` or `failed`. Other pushes that need it wait for that. */
interface OwnUpload<T> {
  readonly kind: 'own';
  done(result: T): void;
  /** One of the waiting pushes does the upload. */
  failed(): void;
}

interface SharedUpload<T> {
  readonly kind: 'shared';
  readonly result: T;
}

/** Uploads that several pushes need at the same time and only one of them does. */
class InFlightTable<T> {
  readonly #running = new Map<string, Promise<undefined>>();
  readonly #finished = new Map<string, { readonly result: T; readonly at: number }>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Waits while another push does the upload; if that one fails, the caller does it. Only results after `since` count. */
  async claim(key: string, since: number, signal: AbortSignal): Promise<OwnUpload<T> | SharedUpload<T>> {
    for (;;) {
      const finished = this.#finished.get(key);
      if (finished !== undefined && finished.at > since) return { kind: 'shared', result: finished.result };
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
      kind: 'own',
      done: (result) => {
        this.#finished.set(key, { result, at: this.#clock() });
        end();
      },
      failed: end,
    };
  }
}

/**
 * What the pushes of this window are sending at the moment, so that a blob which two of them need in one repository is
 * sent once. One for all pushes; empty once they have ended.
 */
export class UploadsInFlight {
  #time = 0;
  #pushes = 0;
  readonly #layers = new InFlightTable<Descriptor>(() => ++this.#time);
  readonly #blobs = new InFlightTable<undefined>(() => ++this.#time);

  /** For one attempt of a push to one repository; it must leave when it has ended. */
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
  readonly layers: InFlightTable<Descriptor>;
  readonly blobs: InFlightTable<undefined>;
  readonly now: () => number;
  readonly leave: () => void;
}

/** The uploads of one attempt of a push. */
export class PushUploads {
  readonly #repository: string;
  readonly #parts: Parts;
  /** What others have sent before that does not count: the registry may have lost it. */
  readonly #since: number;

  constructor(repository: string, parts: Parts) {
    this.#repository = repository;
    this.#parts = parts;
    this.#since = parts.now();
  }

  leave(): void {
    this.#parts.leave();
  }

  /** For a layer whose digest is known only after it was compressed. */
  claimLayer(
    { diffId, codecId }: { readonly diffId: Digest; readonly codecId: string },
    signal: AbortSignal,
  ): Promise<OwnUpload<Descriptor> | SharedUpload<Descriptor>> {
    return this.#parts.layers.claim(`${this.#repository} ${codecId} ${diffId}`, this.#since, signal);
  }

  /** Sends a blob; undefined if another push sent it. */
  async sendOnce<T>(digest: Digest, signal: AbortSignal, send: () => Promise<T>): Promise<T | undefined> {
    const claim = await this.#parts.blobs.claim(`${this.#repository} ${digest}`, this.#since, signal);
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
