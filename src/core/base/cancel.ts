import { setTimeout as timer } from 'node:timers/promises';
import { TeaChestError } from './errors.ts';

/** Throws `cancelled` if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason });
}

/** Waits for `promise` no longer than until the signal fires; then rejects with `cancelled`. */
export async function orCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfCancelled(signal);
  return await new Promise<T>((resolve, reject) => {
    const leave = (): void => {
      reject(new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason }));
    };
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
    });
  });
}

/** Waits `ms` milliseconds; rejects with `cancelled` as soon as the signal fires. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  try {
    await timer(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new TeaChestError('cancelled', 'Cancelled.', { cause: error });
  }
}
