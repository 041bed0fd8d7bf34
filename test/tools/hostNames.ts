import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findCommand, needCommand } from './findCommand.ts';

/** True where a program can be given host names of its own: Linux, as root. Elsewhere tests take literal addresses. */
export function canNameHosts(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && findCommand('unshare') !== undefined;
}

/**
 * The command that runs `command` with an /etc/hosts which also has `hosts` (name → address). The file is bound over the
 * machine's own in a mount namespace of that program alone: the machine's is neither changed nor hidden from others.
 */
export async function withHosts(
  hosts: Readonly<Record<string, string>>,
  folder: string,
  command: readonly [string, ...string[]],
): Promise<readonly [string, ...string[]]> {
  const entries = Object.entries(hosts);
  if (entries.length === 0) return command;
  const unshare = needCommand('unshare', 'util-linux');
  const file = join(folder, 'hosts');
  const own = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1 localhost');
  await writeFile(file, `${own.trimEnd()}\n${entries.map(([name, address]) => `${address} ${name}\n`).join('')}`);
  const script = 'mount --make-rprivate /; mount --bind "$0" /etc/hosts; exec "$@"';
  return [unshare, '--mount', '--', 'sh', '-euc', script, file, ...command];
}
