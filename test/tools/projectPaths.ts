import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What may be kept from run to run and deleted at any time: the VS Code server, most of all. Ignored by git. */
export const cacheFolder = join(projectRoot, '.cache');

/** Logs, counts and screenshots of the last `npm test`. Ignored by git. */
export const resultsFolder = join(projectRoot, 'test-results');
