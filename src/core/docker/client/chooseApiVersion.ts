/** The newest API version that this code was written for (docker 28.5). It uses nothing that is newer than 1.25. */
const newestKnown = '1.51';

/** The API version to use with an engine that supports `minimum` to `newest`: the newest that both support. */
export function chooseApiVersion(newest: string | undefined, minimum: string | undefined): string {
  const common = newest === undefined || compare(newest, newestKnown) > 0 ? newestKnown : newest;
  // A much newer engine may no longer support ours; we use so old a part of the API that its minimum will do.
  return minimum !== undefined && compare(common, minimum) < 0 ? minimum : common;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}
