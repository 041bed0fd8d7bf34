import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { download } from '@vscode/test-electron';

import { findCommand } from '../../tools/findCommand.ts';
import { cacheFolder } from '../../tools/projectPaths.ts';

/**
 * A desktop VS Code that can open a window here: `VSCODE_EXECUTABLE`, an installed `code`, or one that
 * @vscode/test-electron downloads into .cache. Undefined without a display, or where the download cannot be reached;
 * the VS Code server does then. `VSCODE_KIND=server` wants the server anyway.
 */
export async function findDesktop(): Promise<string | undefined> {
  if (!mayHaveDesktop()) return undefined;
  const chosen = process.env['VSCODE_EXECUTABLE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const installed = findCommand('code');
  if (installed !== undefined) return programBehind(installed);
  try {
    return await download({ version: 'stable', cachePath: join(cacheFolder, 'vscode-desktop') });
  } catch (error) {
    process.stdout.write(`No desktop VS Code: it could not be downloaded (${String(error)}).\n`);
    return undefined;
  }
}

/** Separate data, no questions. Basic password store: secrets work without a keyring. */
export function desktopArguments(folder: string): string[] {
  return [
    ...['--user-data-dir', join(folder, 'data'), '--extensions-dir', join(folder, 'extensions')],
    ...['--disable-workspace-trust', '--skip-welcome', '--skip-release-notes', '--disable-updates'],
    ...['--password-store', 'basic', '--disable-telemetry'],
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}

/** False if the VS Code server will be used. */
export function mayHaveDesktop(): boolean {
  if (process.env['VSCODE_KIND'] === 'server') return false;
  return (process.env['VSCODE_EXECUTABLE'] ?? '') !== '' || hasDisplay();
}

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return [process.env['DISPLAY'], process.env['WAYLAND_DISPLAY']].some((name) => name !== undefined && name !== '');
}

/** `code` is a script that starts the program and ends; a test must wait for the program itself. */
function programBehind(script: string): string {
  const bin = dirname(realpathSync(script));
  const candidates = [
    join(bin, '..', 'code'),
    join(bin, '..', 'Code.exe'),
    join(bin, '..', '..', '..', 'MacOS', 'Electron'),
    join(bin, '..', '..', '..', 'MacOS', 'Code'),
  ];
  return candidates.find((path) => existsSync(path)) ?? script;
}
