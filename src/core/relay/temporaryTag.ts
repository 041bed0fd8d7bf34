import { randomBytes } from 'node:crypto';
import type { Logger } from '../base/logger.ts';
import {
  formatIdentity,
  hasEnded,
  identityPattern,
  isThisProcess,
  parseIdentity,
  thisMachine,
  type ProcessView,
} from '../base/processes.ts';
import type { EngineImageName, EnginePusher } from '../ports/enginePusher.ts';

/** Long enough for an engine that is busy, short enough for somebody who waits for a cancel. */
const untagMs = 5_000;
const mostKeepers = 3;

/** Tags that running pushes of this process have given and not yet taken away. */
const inUse = new Set<string>();
/** Tags of this process that could not be taken away. */
const left = new Set<string>();

/** `127.0.0.1:port/tea-chest/…/n:push-<process>-<seconds since the epoch><random>`; see `RelayDoor`. */
const shape = new RegExp(
  `^127\\.0\\.0\\.1:\\d+/tea-chest/[0-9a-f]{24}/\\d+:push-(${identityPattern})-([0-9a-f]{8})[0-9a-f]{8}$`,
);

/** The tag under which an image is pushed to the relay: it tells whose it is, should it be left behind. */
export function temporaryTag(): string {
  const seconds = Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  const tag = `push-${formatIdentity(thisMachine().own)}-${seconds}${randomBytes(4).toString('hex')}`;
  inUse.add(tag);
  return tag;
}

/** True for a name that some Tea Chest gave to an image for the time of a push: nothing to show to anybody. */
export function isTemporaryName(reference: string): boolean {
  return shape.test(reference);
}

/**
 * Takes the temporary name away again, whatever has happened to the push. If it has become an image's last one, as after
 * a build that took the other name, the image would go with it: so the name is first given to what a keeper names. False
 * if it is still there.
 */
export async function removeName(
  pusher: EnginePusher,
  name: EngineImageName,
  { logger, keepers }: { readonly logger: Logger; readonly keepers: readonly string[] },
): Promise<boolean> {
  const signal = AbortSignal.timeout(untagMs);
  try {
    await moveToKeeper(pusher, name, keepers, signal);
    await pusher.untag(name, { signal });
    left.delete(name.tag);
    return true;
  } catch (error) {
    // An engine that is gone: it is looked for again when the engine is back.
    logger.warn(`The temporary name ${name.repository}:${name.tag} could not be taken away: ${String(error)}`);
    left.add(name.tag);
    return false;
  } finally {
    inUse.delete(name.tag);
  }
}

async function moveToKeeper(
  pusher: EnginePusher,
  name: EngineImageName,
  keepers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const keeper of keepers.filter((reference) => !isTemporaryName(reference)).slice(0, mostKeepers)) {
    try {
      await pusher.tag(keeper, name, { signal });
      return;
    } catch {
      // A name that somebody took away meanwhile. If all are gone, so may the image.
    }
  }
}

/** True if an engine was gone when this process wanted to take a name away, and the name was not seen to be gone since. */
export function areNamesLeft(): boolean {
  return left.size > 0;
}

/** Takes away the names that ended pushes have left, of this installation or another. Gives how many. */
export async function sweepNames(
  pusher: EnginePusher,
  { signal, logger, view = thisMachine() }: SweepOptions,
): Promise<number> {
  const names = await pusher.listTags({ signal });
  for (const tag of left) if (!names.some((name) => name.endsWith(`:${tag}`))) left.delete(tag);
  let removed = 0;
  for (const reference of names.filter((name) => isLeft(name, view))) {
    const colon = reference.lastIndexOf(':');
    const name = { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
    if (await removeName(pusher, name, { logger, keepers: names })) removed++;
  }
  return removed;
}

interface SweepOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly view?: ProcessView;
}

/** Whose a name is, it tells itself: secrets and state may be lost in a crash, as in hosts that keep them in memory. */
function isLeft(reference: string, view: ProcessView): boolean {
  const [, identity = '', seconds = ''] = shape.exec(reference) ?? [];
  const owner = parseIdentity(identity);
  if (owner === undefined) return false;
  const tag = reference.slice(reference.lastIndexOf(':') + 1);
  // The engine was gone when this very process wanted to take it away.
  if (isThisProcess(owner, view)) return !inUse.has(tag);
  // An image has no heartbeat: of other machines all that is known is when the push began.
  return hasEnded(owner, parseInt(seconds, 16) * 1000, view);
}
