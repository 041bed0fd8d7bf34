import { randomBytes } from 'node:crypto';
import type { Logger } from '../../base/logger.ts';
import { isAlive } from '../../base/processes.ts';
import type { EngineImageName, EnginePusher } from '../contracts.ts';
import type { RelayDoor } from './relayDoor.ts';

/** Long enough for an engine that is busy, short enough for somebody who waits for a cancel. */
const untagMs = 5_000;
const mostKeepers = 3;

/** The tag under which an image is pushed to the relay: it tells whose it is, should it be left behind. */
export function temporaryTag(): string {
  return `push-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** True for a name that some Tea Chest gave to an image for the time of a push: nothing to show to anybody. */
export function isTemporaryName(reference: string): boolean {
  return /^127\.0\.0\.1:\d+\/tea-chest\/[0-9a-f]{24}\/\d+:push-\d+-[0-9a-f]{12}$/.test(reference);
}

/**
 * Takes the temporary name away again, whatever has happened to the push. If it has become an image's last one, as after
 * a build that took the other name, the image would go with it: so the name is first given to what a keeper names.
 */
export async function removeName(
  pusher: EnginePusher,
  name: EngineImageName,
  { logger, keepers }: { readonly logger: Logger; readonly keepers: readonly string[] },
): Promise<void> {
  const signal = AbortSignal.timeout(untagMs);
  try {
    await moveToKeeper(pusher, name, keepers, signal);
    await pusher.untag(name, { signal });
  } catch (error) {
    // An engine that is gone; the next start tries again.
    logger.warn(`The temporary name ${name.repository}:${name.tag} could not be taken away: ${String(error)}`);
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

/** Takes away the names that pushes of processes which no longer live have left. Gives how many. */
export async function sweepNames(
  pusher: EnginePusher,
  door: RelayDoor,
  options: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<number> {
  const names = await pusher.listTags(options);
  const left = names.filter((reference) => door.isOurs(reference) && isOrphan(reference));
  for (const reference of left) {
    const colon = reference.lastIndexOf(':');
    await removeName(
      pusher,
      { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) },
      { logger: options.logger, keepers: names },
    );
  }
  return left.length;
}

function isOrphan(reference: string): boolean {
  const pid = /:push-(\d+)-[0-9a-f]{12}$/.exec(reference)?.[1];
  return pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid));
}
