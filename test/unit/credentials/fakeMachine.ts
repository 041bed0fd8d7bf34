import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CredentialMachine } from '../../../src/core/credentials/credentialMachine.ts';
import { runHelper } from '../../../src/core/credentials/helperProcess.ts';
import type { FoundLogin, LoginSecret } from '../../../src/core/credentials/login.ts';

interface Description {
  readonly env?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
  readonly files?: Record<string, string | Buffer | Error>;
  readonly runHelper?: CredentialMachine['runHelper'];
}

export const home = '/home/ada';

/** A machine that has what is described, and nothing else: no program is there. */
export function machine({ env = {}, platform = 'linux', files = {}, ...given }: Description = {}): CredentialMachine {
  return {
    env,
    platform,
    home: platform === 'win32' ? 'C:\\Users\\ada' : home,
    uid: 1000,
    readFile: (path) => {
      const content = files[path];
      if (content instanceof Error) return Promise.reject(content);
      return Promise.resolve(content === undefined ? undefined : Buffer.from(content));
    },
    listFolder: () => Promise.resolve([]),
    realPath: () => Promise.resolve(undefined),
    probe: () => Promise.resolve('missing'),
    runHelper: given.runHelper ?? (() => Promise.resolve({ kind: 'notFound' })),
  };
}

export const options = { signal: new AbortController().signal };

export function read(login: FoundLogin | undefined, origin: string): Promise<LoginSecret> {
  if (login === undefined) throw new Error('There is no such login.');
  return login.read({ origin }, options);
}

/** What a person sees of logins. */
export function shown(logins: readonly FoundLogin[]): readonly string[] {
  return logins.map(({ name, username, note, problem }) =>
    [name, username, note, problem].filter((part) => part !== undefined).join(' | '),
  );
}

export function basic(username: string, secret: string): string {
  return Buffer.from(`${username}:${secret}`).toString('base64');
}

/** Programs that are on the PATH until the test ends: shell scripts, by their names. */
export async function putOnPath(
  t: { after(work: () => void): void },
  folder: string,
  scripts: Readonly<Record<string, string>>,
): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const before = process.env['PATH'];
  process.env['PATH'] = `${bin}${delimiter}${before ?? ''}`;
  t.after(() => {
    process.env['PATH'] = before;
  });
}

/** Runs programs as this machine does, but waits less for one that hangs. */
export const shortRun: CredentialMachine['runHelper'] = (command, { signal }) =>
  runHelper(command, { signal, limitMs: 500 });
