import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** The name of a file until it is complete. */
const temporaryName = /\.tmp-[0-9a-f]{16}$/;
/** A temporary file that is older was left by a process which was killed, in milliseconds. */
const leftAfter = 60 * 60 * 1000;
/** Windows lets nobody replace a file while a virus scanner or an indexer reads it; elsewhere a refusal is final. */
const retryMs = process.platform === 'win32' ? 5_000 : 0;
const retryIntervalMs = 100;

const sweptFolders = new Set<string>();

/**
 * Replaces a file that only this user can read: after a crash, or with a full disk, it has its former content or the new
 * one. The package atomically (2.1) does not serve: it does not notice that a full disk takes only a part of the text, and
 * it handles the signals of its process, which VS Code's extension host shares with all extensions.
 */
export async function writeFileWhole(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.tmp-${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    await replace(file, temporary);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  if (sweptFolders.has(folder)) return;
  sweptFolders.add(folder);
  await removeLeftovers(folder).catch(() => undefined);
}

async function replace(file: string, temporary: string): Promise<void> {
  for (const until = Date.now() + retryMs; ;) {
    try {
      await rename(temporary, file);
      return;
    } catch (error) {
      if (Date.now() >= until || !isHeld(error)) throw error;
      await setTimeout(retryIntervalMs);
    }
  }
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EACCES', 'EBUSY', 'EPERM'].includes(String(error.code));
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => temporaryName.test(one))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftAfter) await rm(path, { force: true });
  }
}
