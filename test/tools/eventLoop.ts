import { setImmediate as nextTurn } from 'node:timers/promises';

/** Waits for so many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await nextTurn();
}

/**
 * Waits until a value has not changed for a hundred turns of the event loop: sockets of which both ends are in this
 * process have then passed on all that they can.
 */
export async function settled(value: () => unknown): Promise<void> {
  for (let seen = value(), still = 0; still < 100; still++) {
    await nextTurn();
    if (value() !== seen) still = 0;
    seen = value();
  }
}
