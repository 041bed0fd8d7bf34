import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { desktopArguments } from '../../test/e2e/harness/desktop.ts';
import { quietSettings } from '../../test/e2e/harness/quietSettings.ts';
import type { Closer } from '../../test/tools/closer.ts';
import { projectRoot } from '../../test/tools/projectPaths.ts';
import { makeScratch } from '../../test/tools/scratch.ts';
import { startVscodeServer } from '../../test/tools/vscodeServer.ts';
import type { Demo } from './runDemo.ts';

/** Opens a VS Code for the person, with the extension, the engine and Gitea as the demonstration left them. */
export async function keepOpen(demo: Demo, closer: Closer): Promise<void> {
  const scratch = await makeScratch('demo');
  closer.add(() => scratch.remove());
  const folder = join(scratch.path, 'workspace');
  await mkdir(folder);
  const env = demo.engine.isPrivate ? { DOCKER_HOST: demo.engine.host } : {};
  const where =
    demo.desktop === undefined
      ? await serve(folder, env, closer)
      : openDesktop(demo.desktop, [folder, ...desktopArguments(scratch.path)], env, closer);
  const { gitea, user } = demo;
  console.log(`
VS Code is open ${where}
  Tea Chest is in the activity bar at the left. To push yourself, sign in there to this Gitea:
    URL       ${gitea.url}
    user      ${user.name}
    password  ${user.password}
  It says that its certificate is self-signed, and shows the fingerprint ${gitea.fingerprint256 ?? ''}
Ctrl-C stops everything and leaves nothing behind.`);
}

async function serve(folder: string, env: Record<string, string>, closer: Closer): Promise<string> {
  const server = await startVscodeServer({ machineSettings: quietSettings, env, extensions: [projectRoot] });
  closer.add(() => server.stop());
  return `at ${server.url(folder)}`;
}

function openDesktop(program: string, args: readonly string[], env: Record<string, string>, closer: Closer): string {
  const child = spawn(program, [`--extensionDevelopmentPath=${projectRoot}`, '--wait', ...args], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  closer.add(() => void child.kill());
  return 'in a window of its own.';
}
