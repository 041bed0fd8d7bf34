import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { cacheFolder } from './projectPaths.ts';
import { withHosts } from './hostNames.ts';
import { run } from './run.ts';
import { installLanguagePack } from './languagePack.ts';
import { makeScratch } from './scratch.ts';
import { startService, waitFor } from './service.ts';
import type { Progress } from './step.ts';

/**
 * Pinned: npm's code-server of this version holds the server of VS Code 1.139.1. It wants Node 24 and compiles a few
 * native modules at install time, which is why it lives in a folder of its own and not among our devDependencies.
 */
const codeServerVersion = '4.139.1';

const folder = join(cacheFolder, 'vscode-server', codeServerVersion);
const doneFile = join(folder, 'installed');
const vscodeFolder = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');

export function isVscodeServerInstalled(): boolean {
  return existsSync(doneFile);
}

/** Installs the VS Code server into .cache; one to three minutes. */
export async function installVscodeServer(progress: Progress): Promise<void> {
  await rm(dirname(folder), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = {
    private: true,
    dependencies: { 'code-server': codeServerVersion },
    // npm 11 runs install scripts only if they are allowed; argon2 is for code-server's own login page, which we do not start.
    allowScripts: { 'code-server': true, argon2: false },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const npm = process.env['npm_execpath'];
  const [command, first] = npm?.endsWith('.js') === true ? [process.execPath, [npm]] : ['npm', []];
  await run(command, [...first, 'install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=http'], {
    cwd: folder,
    // Its scripts look for Node 24 on the PATH; make compiles on all cores.
    env: {
      ...npmFree(process.env),
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      JOBS: 'max',
    },
    onLine: (line) => {
      progress.report(line.replace(/^npm (http|verb) \S+ /, ''));
    },
  });
  await writeFile(doneFile, `${codeServerVersion}\n`);
}

export interface VscodeServerOptions {
  /** Put before each user's own settings, as on a remote machine. */
  readonly machineSettings?: Readonly<Record<string, unknown>>;
  /** For the extension host, added to our own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Names that it shall resolve, and to what; see `canNameHosts`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Folders of extensions to install: every window of this server has them, as a person's would. */
  readonly extensions?: readonly string[];
  /** The language of the window and of its extension host, by VS Code's name for it; English by default. */
  readonly language?: string;
  /**
   * `true`: the address may name an extension under development and a test to run in its host. VS Code then behaves as
   * under test everywhere: no toasts, no modal questions.
   */
  readonly forTests?: boolean;
}

export interface VscodeServer {
  /** `127.0.0.1:port` */
  readonly authority: string;
  /** The address that opens `folder`; with `development`, for `forTests` alone, with that extension and test. */
  url(folder: string, development?: { readonly extension: string; readonly tests: string }): string;
  /** The extension hosts' own logs and the server's, for a failure's report. */
  output(): string;
  /** Everything the server writes: settings, state, logs. */
  readonly dataFolder: string;
  stop(): Promise<void>;
}

/** Starts the VS Code server on a port of its own, with data of its own, removed when it stops. */
export async function startVscodeServer(options: VscodeServerOptions = {}): Promise<VscodeServer> {
  const scratch = await makeScratch('vscode');
  const dataFolder = join(scratch.path, 'data');
  const extensions = join(scratch.path, 'extensions');
  await mkdir(join(dataFolder, 'data', 'Machine'), { recursive: true });
  await mkdir(extensions, { recursive: true });
  await writeFile(join(dataFolder, 'data', 'Machine', 'settings.json'), JSON.stringify(options.machineSettings ?? {}));
  for (const extension of options.extensions ?? []) await linkExtension(extension, extensions);

  const { language } = options;
  if (language !== undefined) await installLanguagePack(language, extensions, join(dataFolder, 'data'));

  const args = [
    ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms'],
    ...['--disable-workspace-trust', '--telemetry-level', 'off'],
    // Without it a built server ignores the payload in the address.
    ...(options.forTests === true ? ['--enable-smoke-test-driver'] : []),
    ...(language === undefined ? [] : ['--locale', language]),
    ...['--server-data-dir', dataFolder, '--extensions-dir', extensions],
  ];
  const [command, ...commandArgs] = await withHosts(options.hosts ?? {}, scratch.path, [
    process.execPath,
    join(vscodeFolder, 'out', 'server-main.js'),
    ...args,
  ]);
  const service = startService(command, commandArgs, {
    logFile: join(scratch.path, 'server.log'),
    folders: [scratch.path],
    // A test runner's or another VS Code's own variables are not for this one.
    env: { ...vscodeFree(process.env), NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined, ...options.env },
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await scratch.remove();
  };
  try {
    const port = await waitFor('The VS Code server', service, () => {
      const output = service.output();
      if (!output.includes('Extension host agent started')) return undefined;
      return /Server bound to 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    });
    const authority = `127.0.0.1:${port}`;
    return { authority, dataFolder, url: urlsOf(authority), output: () => service.output(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function urlsOf(authority: string): VscodeServer['url'] {
  const remote = (path: string): string => `vscode-remote://${authority}${path}`;
  return (opened, development) => {
    const url = new URL(`http://${authority}/`);
    url.searchParams.set('folder', opened);
    if (development !== undefined) {
      const payload = [
        ['extensionDevelopmentPath', remote(development.extension)],
        ['extensionTestsPath', remote(development.tests)],
      ];
      url.searchParams.set('payload', JSON.stringify(payload));
    }
    return url.href;
  };
}

/** A link is enough: the server reads the folder when it starts for the first time. */
async function linkExtension(source: string, extensions: string): Promise<void> {
  const { publisher, name, version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
    publisher: string;
    name: string;
    version: string;
  };
  await symlink(source, join(extensions, `${publisher}.${name}-${version}`), 'dir');
}

/**
 * The variables of an npm that runs us, mapped to `undefined`: it may run under another Node, and code-server's install
 * script reads `npm_config_user_agent`.
 */
function npmFree(env: NodeJS.ProcessEnv): Record<string, undefined> {
  const own = /^npm_(package|lifecycle|command|node_execpath|config_(user_agent|local_prefix|npm_version|node_gyp))/;
  return Object.fromEntries(Object.keys(env).flatMap((name) => (own.test(name) ? [[name, undefined]] : [])));
}

/** Names of the variables that a running VS Code gives to its terminals, mapped to `undefined`. */
function vscodeFree(env: NodeJS.ProcessEnv): Record<string, undefined> {
  const names = Object.keys(env).filter((name) => /^(VSCODE|ELECTRON|CODE_SERVER)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
