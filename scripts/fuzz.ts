// npm run fuzz -- --cases 10000 [--seed 1]: the property tests of all that comes from outside, with so many cases in all.
// A failure names its seed; the same seed gives the same cases again.
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/tools/projectPaths.ts';

/** A call that runs a property. */
const propertyCall = /\b(?:fc\.assert|await holds)\(/g;

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '10000' }, seed: { type: 'string' } },
});
const wanted = positive(values.cases, '--cases');
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive(values.seed, '--seed');
process.exitCode = await main();

async function main(): Promise<number> {
  const files = globSync('test/**/*.test.ts', { cwd: projectRoot })
    .map((file) => ({ file, properties: countProperties(file) }))
    .filter(({ properties }) => properties > 0)
    .sort((a, b) => a.file.localeCompare(b.file));
  const properties = files.reduce((sum, file) => sum + file.properties, 0);
  const each = Math.ceil(wanted / properties);
  console.log(`${properties} properties in ${files.length} files, ${each} cases each, seed ${seed}`);
  const folder = await mkdtemp(join(tmpdir(), 'tea-chest-fuzz-'));
  const counts = join(folder, 'counts');
  await writeFile(counts, '');
  const started = Date.now();
  const code = await run(
    files.map(({ file }) => file),
    each,
    counts,
  );
  const lines = (await readFile(counts, 'utf8')).split('\n').filter((line) => line !== '');
  await rm(folder, { recursive: true });
  const total = lines.reduce((sum, line) => sum + Number(line), 0);
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${total} cases of ${lines.length} properties in ${seconds} s, seed ${seed}`);
  if (code === 0 && total < wanted) console.log(`That is less than the ${wanted} that were asked for.`);
  if (code !== 0) console.log(`The same again: npm run fuzz -- --cases ${wanted} --seed ${seed}`);
  return code === 0 && total >= wanted ? 0 : 1;
}

function countProperties(file: string): number {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  return text.includes("from 'fast-check'") ? (text.match(propertyCall)?.length ?? 0) : 0;
}

async function run(files: readonly string[], each: number, counts: string): Promise<number> {
  const preload = join(projectRoot, 'test/fuzz/countCases.ts');
  const child = spawn(process.execPath, ['--import', preload, '--test', '--test-concurrency=2', ...files], {
    cwd: projectRoot,
    stdio: 'inherit',
    env: {
      ...process.env,
      TEA_CHEST_FUZZ_CASES: String(each),
      TEA_CHEST_FUZZ_SEED: String(seed),
      TEA_CHEST_FUZZ_COUNTS: counts,
      NODE_TEST_CONTEXT: undefined,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${option} wants a whole number, not “${text}”.`);
  process.exit(2);
}
