import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a command: in one of `first`, on the PATH, or in the folders of system programs. */
export function findCommand(name: string, first: readonly string[] = []): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  const folders = [...first, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    if (folder === '') continue;
    for (const suffix of suffixes) {
      const path = join(folder, name + suffix);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** As findCommand, but its absence is an error that says what to install. */
export function needCommand(name: string, debianPackage: string, first: readonly string[] = []): string {
  const found = findCommand(name, first);
  if (found !== undefined) return found;
  throw new Error(
    `The program ${name} is not on this machine. On Debian, the package ${debianPackage} has it; ` +
      'as root, npm test and npm start install it by themselves.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
