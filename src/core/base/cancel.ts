import { setTimeout as timer } from 'node:timers/promises';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from './errors.ts';

/** The error of work that this signal, which has fired, has stopped. */
export function cancelledBy(signal: AbortSignal): TeaChestError {
  return new TeaChestError('cancelled', l10n.t('Cancelled.'), { cause: signal.reason });
}

/** Throws `cancelled` if the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelledBy(signal);
}

/** The result of `promise`, or `cancelled` as soon as the signal fires. */
export async function orCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody else may be listening to it once this has rejected.
  promise.catch(() => undefined);
  throwIfCancelled(signal);
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(cancelledBy(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

/** The same items, but a reader that waits for the next one gets `cancelled` as soon as the signal fires. */
export async function* untilCancelled<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      throwIfCancelled(signal);
      const next = await orCancelled(iterator.next(), signal);
      isDone = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    const returned = isDone ? undefined : iterator.return?.();
    // After an abort it is not awaited: a source that hangs in `next` would never reach its `return`.
    if (signal.aborted) returned?.catch(() => undefined);
    else await returned;
  }
}

/** Waits `ms` milliseconds; rejects with `cancelled` as soon as the signal fires. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  try {
    await timer(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new TeaChestError('cancelled', l10n.t('Cancelled.'), { cause: error });
  }
}
