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
  readonly #running = new Map<string, Promise<{ readonly result: T } | undefined>>();

  /** Waits for another that is doing it, and takes over if that one fails or is cancelled. */
  async claim(key: string, signal: AbortSignal): Promise<OwnUpload<T> | SharedUpload<T>> {
    for (;;) {
      const other = this.#running.get(key);
      if (other === undefined) return this.#begin(key);
      const end = await orCancelled(other, signal);
      if (end !== undefined) return { kind: 'shared', ...end };
    }
  }

  #begin(key: string): OwnUpload<T> {
    const { promise, resolve } = Promise.withResolvers<{ readonly result: T } | undefined>();
    this.#running.set(key, promise);
    const end = (outcome: { readonly result: T } | undefined): void => {
      if (this.#running.get(key) === promise) this.#running.delete(key);
      resolve(outcome);
    };
    return {
      kind: 'mine',
      done: (result) => {
        end({ result });
      },
      failed: () => {
        end(undefined);
      },
    };
  }
}

/** Which repository of which registry. */
interface Place {
  readonly origin: string;
  readonly target: { readonly repository: string };
}

/**
 * What the pushes of this window are sending at the moment, so that a blob which two of them want in one repository is
 * sent once. One for all pushes; holds nothing once they have ended.
 */
export class UploadsInFlight {
  readonly #layers = new InFlight<Descriptor>();
  readonly #blobs = new InFlight<undefined>();

  /** A layer whose blob is known only when it has been made. */
  claimLayer(
    { origin, target }: Place,
    layer: { readonly diffId: Digest; readonly codecId: string },
    signal: AbortSignal,
  ): Promise<OwnUpload<Descriptor> | SharedUpload<Descriptor>> {
    return this.#layers.claim(`${origin} ${target.repository} ${layer.codecId} ${layer.diffId}`, signal);
  }

  /** Sends a blob, unless another push does; gives undefined where it was another one. */
  async sendBlob<T>(
    { origin, target }: Place,
    digest: Digest,
    signal: AbortSignal,
    send: () => Promise<T>,
  ): Promise<T | undefined> {
    const claim = await this.#blobs.claim(`${origin} ${target.repository} ${digest}`, signal);
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
