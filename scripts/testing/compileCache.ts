import { join } from 'node:path';

import { cacheFolder } from '../../test/tools/projectPaths.ts';

/** Where Node keeps compiled modules, TypeScript included, from one process to the next (NODE_COMPILE_CACHE). */
export const compileCache = join(cacheFolder, 'compiled');
