import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface MachineFile {
  readonly path: string;
  readonly size: number;
}

const folders = process.platform === 'darwin' ? ['/usr/share', '/usr/lib'] : ['/usr/lib', '/usr/share', '/usr/bin'];
const largestFile = 32 * 1024 * 1024;

/**
 * Yields readable regular files of this machine, always in the same order: programs, libraries, texts, such as real
 * images are made of. Files of more than 32 MiB are left out, so that sizes can be met.
 */
export async function* machineFiles(): AsyncGenerator<MachineFile> {
  for (const folder of folders) yield* filesUnder(folder);
}

async function* filesUnder(folder: string): AsyncGenerator<MachineFile> {
  const entries = await entriesOf(folder);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else if (entry.isFile()) {
      const { size, mode } = await stat(path);
      if (size > 0 && size <= largestFile && (mode & 0o004) !== 0) yield { path, size };
    }
  }
}

async function entriesOf(folder: string): Promise<{ name: string; isDirectory(): boolean; isFile(): boolean }[]> {
  const entries = [];
  try {
    for await (const entry of await opendir(folder)) entries.push(entry);
  } catch {
    // Not ours to read.
  }
  return entries;
}
