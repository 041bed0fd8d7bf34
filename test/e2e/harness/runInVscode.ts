import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runTests } from '@vscode/test-electron';
import type { Page } from 'playwright-core';

import { startBrowser } from '../../tools/browser.ts';
import { createCloser } from '../../tools/closer.ts';
import type { Closer } from '../../tools/closer.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { startVscodeServer } from '../../tools/vscodeServer.ts';
import { desktopArguments, findDesktop } from './desktop.ts';
import { quietSettings } from './quietSettings.ts';

export interface RunInVscodeOptions {
  /** A CommonJS file inside the extension's folder that exports `run(): Promise<void>`. */
  readonly testsPath: string;
  /** Opened as the workspace. */
  readonly folder: string;
  /** The extension under development; this checkout by default. */
  readonly extension?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** For the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface RunInVscodeResult {
  readonly kind: 'desktop' | 'server';
  /** 0 when `run()` resolved. */
  readonly exitCode: number;
  /** What the extension host printed. */
  readonly output: string;
}

/** Runs a test bundle in a real extension host: a desktop VS Code where there is one, the server and a browser else. */
export async function runInVscode(options: RunInVscodeOptions): Promise<RunInVscodeResult> {
  const desktop = await findDesktop();
  return desktop === undefined ? runInServer(options) : runInDesktop(desktop, options);
}

async function runInDesktop(executable: string, options: RunInVscodeOptions): Promise<RunInVscodeResult> {
  const scratch = await makeScratch('desktop');
  try {
    const userData = join(scratch.path, 'data');
    await mkdir(join(userData, 'User'), { recursive: true });
    await writeFile(join(userData, 'User', 'settings.json'), JSON.stringify({ ...quietSettings, ...options.settings }));
    const exitCode = await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: options.extension ?? projectRoot,
      extensionTestsPath: options.testsPath,
      extensionTestsEnv: { ...options.env },
      launchArgs: [options.folder, ...desktopArguments(scratch.path)],
    }).catch((error: unknown) => exitCodeOf(error));
    return { kind: 'desktop', exitCode, output: '' };
  } finally {
    await scratch.remove();
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number') return error.code;
  throw error;
}

async function runInServer(options: RunInVscodeOptions): Promise<RunInVscodeResult> {
  const closer = createCloser();
  const running = runInPage(options, closer);
  // After an abort, its error that everything is closed is ignored.
  running.catch(() => undefined);
  try {
    return await Promise.race([running, aborted(options.signal)]);
  } finally {
    await closer.close();
  }
}

async function runInPage(options: RunInVscodeOptions, closer: Closer): Promise<RunInVscodeResult> {
  const server = await startVscodeServer({
    machineSettings: { ...quietSettings, ...options.settings },
    env: options.env ?? {},
    forTests: true,
  });
  closer.add(() => server.stop());
  const browser = await startBrowser();
  closer.add(() => browser.close());
  const page = await browser.newPage();
  const run = await watchRun(page);
  const development = { extension: options.extension ?? projectRoot, tests: options.testsPath };
  await page.goto(server.url(options.folder, development));
  return { kind: 'server', exitCode: await run.exitCode, output: run.output.join('\n') };
}

/** The two functions that a VS Code in a browser calls while it runs `extensionTestsPath`. Before `goto`. */
async function watchRun(page: Page): Promise<{ exitCode: Promise<number>; output: string[] }> {
  const output: string[] = [];
  let end: (code: number) => void = () => undefined;
  const exitCode = new Promise<number>((resolve) => {
    end = resolve;
  });
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
    output.push(args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' '));
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => {
    end(code);
  });
  return { exitCode, output };
}

async function aborted(signal: AbortSignal | undefined): Promise<never> {
  if (signal === undefined) return new Promise<never>(() => undefined);
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
