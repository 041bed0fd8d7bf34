import { randomBytes } from 'node:crypto';
import type { Logger } from '../../base/logger.ts';
import { isAlive } from '../../base/processes.ts';
import type { EngineImageName, EnginePusher } from '../contracts.ts';
import type { RelayDoor } from './relayDoor.ts';

/** Long enough for an engine that is busy, short enough for somebody who waits for a cancel. */
const untagMs = 5_000;

/** The tag under which an image is pushed to the relay: it tells whose it is, should it be left behind. */
export function temporaryTag(): string {
  return `push-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Takes the temporary name away again, whatever has happened to the push. */
export async function removeName(pusher: EnginePusher, name: EngineImageName, logger: Logger): Promise<void> {
  try {
    await pusher.untag(name, { signal: AbortSignal.timeout(untagMs) });
  } catch (error) {
    // An engine that is gone; the next start tries again.
    logger.warn(`The temporary name ${name.repository}:${name.tag} could not be taken away: ${String(error)}`);
  }
}

/** Takes away the names that pushes of processes which no longer live have left. Gives how many. */
export async function sweepNames(
  pusher: EnginePusher,
  door: RelayDoor,
  options: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<number> {
  const left = (await pusher.listTags(options)).filter((reference) => door.isOurs(reference) && isOrphan(reference));
  for (const reference of left) {
    const colon = reference.lastIndexOf(':');
    await removeName(
      pusher,
      { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) },
      options.logger,
    );
  }
  return left.length;
}

function isOrphan(reference: string): boolean {
  const pid = /:push-(\d+)-[0-9a-f]{12}$/.exec(reference)?.[1];
  return pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid));
}
