import type { Logger } from '../../core/base/logger.ts';
import { sweepSpool } from '../../core/spool/spool.ts';

/** Removes what crashes have left in any of the folders; what cannot be removed is told in the log. */
export async function sweepSpools(
  folders: Iterable<string>,
  logger: Logger,
  sweep: (folder: string) => Promise<number> = sweepSpool,
): Promise<void> {
  for (const folder of new Set(folders)) {
    try {
      const removed = await sweep(folder);
      if (removed > 0) logger.info(`Removed ${removed} temporary folders of a crash from ${folder}.`);
    } catch (error) {
      logger.warn(`What a crash left in ${folder} could not be removed: ${String(error)}`);
    }
  }
}
