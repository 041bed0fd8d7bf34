import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A new empty folder. Under the temp folder unless `parent` is given: short paths there, as a unix socket's path may
 * have 107 bytes at most.
 */
export async function makeScratch(name: string, parent: string = tmpdir()): Promise<Scratch> {
  const path = await mkdtemp(join(parent, `tea-chest-${name}-`));
  return {
    path,
    // A daemon that has just ended may still have a mount going away: try again for a while.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  };
}
