import type { Logger } from '../../core/base/logger.ts';
import type { Connection } from '../connections/connection.ts';
import type { InterruptedPush } from './interruptedPush.ts';
import type { PushJournal } from './pushJournal.ts';

/** Registries remove sessions that nobody continues by themselves: Gitea after a day. */
const sessionsLast = 24 * 60 * 60 * 1000;

export interface RecoveryDependencies {
  readonly journal: Pick<PushJournal, 'takeInterrupted'>;
  /** Removes what is left in these folders of temporary files. */
  readonly sweep: (folders: readonly string[]) => Promise<void>;
  readonly find: (origin: string) => Connection | undefined;
  /** Rejects if the registry is not to be had now. */
  readonly closeSessions: (connection: Connection, repository: string, sessions: readonly string[]) => Promise<void>;
  /** Tells the person, and offers to push again; waits for nobody. */
  readonly tell: (pushes: readonly InterruptedPush[]) => void;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * After a start: removes what pushes have left that nobody runs any more, and tells of them. `folders`: where spools are
 * now; they may have been elsewhere. Never rejects: what fails is told in the log.
 */
export async function recoverPushes(dependencies: RecoveryDependencies, folders: readonly string[]): Promise<void> {
  const { journal, sweep, tell, logger } = dependencies;
  const pushes = await journal.takeInterrupted();
  const untold = pushes.filter(({ isTold }) => !isTold);
  if (untold.length > 0) tell(untold);
  await sweep([...folders, ...pushes.map(({ spoolRoot }) => spoolRoot)]);
  for (const push of pushes) {
    try {
      if (await closeSessions(dependencies, push)) await push.done();
      else await push.postpone();
    } catch (error) {
      logger.warn(`What is written down of the push to ${push.target} could not be removed: ${String(error)}`);
    }
  }
}

/** False if it is worth another try. */
async function closeSessions(
  { find, closeSessions: close, now, logger }: RecoveryDependencies,
  { origin, repository, sessions, startedAt }: InterruptedPush,
): Promise<boolean> {
  const connection = find(origin);
  if (sessions.length === 0 || connection === undefined) return true;
  try {
    await close(connection, repository, sessions);
    logger.info(`Closed ${sessions.length} upload sessions at ${connection.host} that an interrupted push had left.`);
    return true;
  } catch (error) {
    logger.info(`Upload sessions of an interrupted push are still open at ${connection.host}: ${String(error)}`);
    return now() - startedAt > sessionsLast;
  }
}
