import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The cache: may be deleted at any time. Most of it is the VS Code server. Ignored by git. */
export const cacheFolder = join(projectRoot, '.cache');

/** Logs, counts and screenshots of the last `npm test`. Ignored by git. */
export const resultsFolder = join(projectRoot, 'test-results');
