import type { Logger } from '../../core/base/logger.ts';
import { sweepSpool } from '../../core/spool/spool.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { RegistryAccess } from '../registry/registryAccess.ts';
import type { InterruptedPush } from './interruptedPush.ts';
import type { PushJournal } from './pushJournal.ts';

/** Milliseconds. Registries remove abandoned upload sessions by themselves, Gitea after a day. */
const sessionLifetimeMs = 24 * 60 * 60 * 1000;

export interface RecoveryDependencies {
  readonly journal: Pick<PushJournal, 'claimInterrupted'>;
  readonly store: Pick<ConnectionStore, 'find'>;
  readonly access: Pick<RegistryAccess, 'closeSessions'>;
  /** Shows the pushes to the person. Not waited for. */
  readonly notify: (pushes: readonly InterruptedPush[]) => void;
  readonly logger: Logger;
  /** Removes abandoned temporary folders and returns their number. */
  readonly sweep?: (folder: string) => Promise<number>;
  readonly now?: () => number;
}

/**
 * Removes what interrupted pushes have left: temporary files and upload sessions. `folders`: the spool folders of now; the
 * pushes may have used others. Never rejects: failures are logged.
 */
export async function recoverPushes(dependencies: RecoveryDependencies, folders: readonly string[]): Promise<void> {
  const { journal, notify, logger } = dependencies;
  const pushes = await journal.claimInterrupted();
  const unreported = pushes.filter(({ isTold }) => !isTold);
  if (unreported.length > 0) notify(unreported);
  await sweepFolders(dependencies, [...folders, ...pushes.map(({ spoolRoot }) => spoolRoot)]);
  for (const push of pushes) {
    try {
      if (await closeSessions(dependencies, push)) await push.done();
      else await push.postpone();
    } catch (error) {
      logger.warn(`The journal entry of the push to ${push.target} could not be removed: ${String(error)}`);
    }
  }
}

async function sweepFolders(
  { sweep = sweepSpool, logger }: RecoveryDependencies,
  folders: readonly string[],
): Promise<void> {
  for (const folder of new Set(folders)) {
    try {
      const removed = await sweep(folder);
      if (removed > 0) logger.info(`Removed ${removed} temporary folders of interrupted pushes from ${folder}.`);
    } catch (error) {
      logger.warn(`Temporary files of interrupted pushes in ${folder} could not be removed: ${String(error)}`);
    }
  }
}

/** False if the next start should try again. */
async function closeSessions(
  { store, access, logger, now = Date.now }: RecoveryDependencies,
  { origin, repository, sessions, startedAt }: InterruptedPush,
): Promise<boolean> {
  const connection = store.find(origin);
  if (sessions.length === 0 || connection === undefined) return true;
  try {
    await access.closeSessions(connection, repository, sessions);
    logger.info(`Closed ${sessions.length} upload sessions of an interrupted push at ${connection.host}.`);
    return true;
  } catch (error) {
    logger.info(`Upload sessions of an interrupted push are still open at ${connection.host}: ${String(error)}`);
    return now() - startedAt > sessionLifetimeMs;
  }
}
