import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** As atomically names a file until it is complete. */
const temporaryName = /\.tmp-\d{10}[0-9a-f]{6}$/;
/** A temporary file that is older was left by a process which was killed, in milliseconds. */
const leftAfter = 60 * 60 * 1000;
/** Windows lets nobody replace a file while a virus scanner or an indexer reads it; elsewhere a refusal is final. */
const retryMs = process.platform === 'win32' ? 5_000 : 0;

const sweptFolders = new Set<string>();

/** Replaces a file that only this user can read: after a crash it has its former content or the new one. */
export async function writeFileWhole(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Loaded by the first write: it registers handlers of signals, and an activation writes nothing.
  const { writeFile } = await import('atomically');
  await writeFile(file, text, { mode: 0o600, timeout: retryMs });
  if (sweptFolders.has(folder)) return;
  sweptFolders.add(folder);
  await removeLeftovers(folder).catch(() => undefined);
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => temporaryName.test(one))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftAfter) await rm(path, { force: true });
  }
}
