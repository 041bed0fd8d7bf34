import { setImmediate } from 'node:timers/promises';

/** Milliseconds after which a wait fails: one that nobody awaits any more would keep its process from ending. */
const longestWait = 20_000;

/** What `find` gives, once it gives something. `missing` says what there is in its place. */
export async function until<T>(find: () => T | undefined, missing: () => string): Promise<T> {
  for (const end = Date.now() + longestWait; Date.now() < end;) {
    const found = find();
    if (found !== undefined) return found;
    await setImmediate();
  }
  throw new Error(missing());
}
