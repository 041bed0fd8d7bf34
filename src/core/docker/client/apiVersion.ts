/** The newest API version this code was written for (docker 28.5). What it uses of it exists since 1.25. */
const newestKnown = '1.51';

/** The version to speak with an engine that offers `minimum` to `newest`: the newest that both know. */
export function chooseApiVersion(newest: string | undefined, minimum: string | undefined): string {
  const spoken = newest === undefined || compare(newest, newestKnown) > 0 ? newestKnown : newest;
  // An engine of the far future may no longer know ours; what we use of the API is old enough to outlive that.
  return minimum !== undefined && compare(spoken, minimum) < 0 ? minimum : spoken;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}
