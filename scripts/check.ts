// npm run check: all that can be said about the code without a machine full of engines: types, lint, format, arrows,
// dead code, unit tests. Side by side; prints what failed with its own words.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from '../test/tools/projectPaths.ts';
import { run } from '../test/tools/run.ts';

interface Check {
  readonly name: string;
  command(): Promise<readonly string[]>;
}

const tool = (name: string, packageName: string, bin: string, ...args: string[]): Check => ({
  name,
  command: async () => [await binaryOf(packageName, bin), ...args],
});

// The longest first.
const checks: readonly Check[] = [
  tool('lint', 'eslint', 'eslint', '--max-warnings', '0', '.'),
  tool('types', 'typescript', 'tsc', '-p', '.'),
  { name: 'unit tests', command: () => Promise.resolve(['--test', '--test-reporter=dot', 'test/unit/**/*.test.ts']) },
  tool('types of the core, without VS Code', 'typescript', 'tsc', '-p', 'src/core'),
  tool('format', 'prettier', 'prettier', '--check', '--log-level', 'warn', '.'),
  tool('arrows between the layers', 'dependency-cruiser', 'depcruise', 'src', '--output-type', 'err'),
  tool('dead code', 'knip', 'knip', '--no-progress'),
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
  const result = await run(process.execPath, await check.command(), { cwd: projectRoot, mayFail: true });
  const passed = result.code === 0;
  console.log(`${passed ? '✓' : '✗'} ${check.name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!passed) console.log(`${result.stdout}\n${result.stderr}`.trim().replace(/^/gm, '    '));
  return passed;
}

const waiting = [...checks];
const results: boolean[] = [];
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await perform(next));
}

await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, work));
const failed = results.filter((passed) => !passed).length;
console.log(failed === 0 ? `All ${checks.length} checks passed.` : `${failed} of ${checks.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;
