// npm run check: all that can be said about the code without a machine full of engines: types, lint, format, arrows,
// dead code, unit tests. Prints the output of what failed.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';

import { cacheFolder, projectRoot } from '../test/tools/projectPaths.ts';
import { run } from '../test/tools/run.ts';
import { compileCache } from './testing/compileCache.ts';

interface Check {
  readonly name: string;
  command(): Promise<readonly string[]>;
}

const tool = (name: string, packageName: string, bin: string, ...args: string[]): Check => ({
  name,
  command: async () => [await binaryOf(packageName, bin), ...args],
});

// The tools cache the results for unchanged files in .cache. In a checkout without it, as in CI, they check all files.
const cacheOf = (name: string): string => relative(projectRoot, join(cacheFolder, 'check', name));
const cachedByContent = (name: string): string[] => [
  '--cache',
  ...['--cache-strategy', 'content', '--cache-location', cacheOf(name)],
];
const incremental = (name: string): string[] => ['--incremental', '--tsBuildInfoFile', cacheOf(`${name}.tsbuildinfo`)];

const unitTests: Check = {
  name: 'unit tests',
  command: () => {
    // They wait for one another and for timers now and then, so that two at a time leave room for the tools beside them.
    const concurrency = Math.max(4, availableParallelism());
    const options = ['--test', `--test-concurrency=${concurrency}`, '--test-reporter=dot'];
    return Promise.resolve([...options, 'test/unit/**/*.test.ts']);
  },
};

// The longest first.
const tools: readonly Check[] = [
  tool('lint', 'eslint', 'eslint', '--max-warnings', '0', ...cachedByContent('eslint'), '.'),
  tool('types', 'typescript', 'tsc', '-p', '.', ...incremental('types')),
  tool('types of the webview, in a browser', 'typescript', 'tsc', '-p', 'src/webview', ...incremental('webview')),
  tool('types of the core, without VS Code', 'typescript', 'tsc', '-p', 'src/core', ...incremental('core')),
  tool('format', 'prettier', 'prettier', '--check', '--log-level', 'warn', ...cachedByContent('prettier'), '.'),
  tool('dead code', 'knip', 'knip', '--no-progress'),
  tool('arrows between the layers', 'dependency-cruiser', 'depcruise', 'src', '--output-type', 'err'),
];

/** The program of a package, found without a shell and run by this same Node. */
async function binaryOf(packageName: string, bin: string): Promise<string> {
  const folder = join(projectRoot, 'node_modules', packageName);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const path = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[bin];
  if (path === undefined) throw new Error(`The package ${packageName} has no program ${bin}.`);
  return join(folder, path);
}

async function perform(check: Check): Promise<boolean> {
  const started = Date.now();
  const env = { NODE_COMPILE_CACHE: compileCache };
  const result = await run(process.execPath, await check.command(), { cwd: projectRoot, env, mayFail: true });
  const passed = result.code === 0;
  console.log(`${passed ? '✓' : '✗'} ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!passed) console.log(`${result.stdout}\n${result.stderr}`.trim().replace(/^/gm, '    '));
  return passed;
}

const results: boolean[] = [];

async function performAll(checks: readonly Check[]): Promise<void> {
  const waiting = [...checks];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await perform(next));
}

// The unit tests beside everything else, one tool after the other.
await Promise.all([performAll([unitTests]), performAll(tools)]);
const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? `All ${results.length} checks passed.` : `${failed} of ${results.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;
