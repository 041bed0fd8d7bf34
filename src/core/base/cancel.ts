import { setTimeout as timer } from 'node:timers/promises';
import { TeaChestError } from './errors.ts';

/** Throws `cancelled` if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new TeaChestError('cancelled', 'Cancelled.', { cause: signal.reason });
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
