import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { systemCode } from '../base/errors.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';

/** Files of settings have a few kilobytes. */
const maxBytes = 1024 * 1024;

/**
 * Reads a file of settings. An open folder need not be trusted: its `.git/config` may be a pipe, which never ends, or a link
 * to an endless device. Undefined if there is no such file; rejects if it cannot be read, or is no small file.
 */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  try {
    // Without O_NONBLOCK (Windows has none) `open` waits until somebody writes to a pipe.
    await using file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0));
    const stats = await file.stat();
    if (!stats.isFile() && !stats.isDirectory())
      throw credentialSourceError(l10n.t`${path} is a pipe or a device, not a file.`);
    const bytes = Buffer.alloc(Math.min(stats.size, maxBytes) + 1);
    let length = 0;
    while (length < bytes.byteLength) {
      const { bytesRead } = await file.read(bytes, length, bytes.byteLength - length);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
    throw credentialSourceError(l10n.t`${path} is too large for a file of settings: more than 1 MiB.`);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
