import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeFileWhole } from '../../../src/core/base/writeFileWhole.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';

/** In a process whose files may have 16 blocks only: a longer text is cut off, as with a full disk. Prints what is left. */
const writeBeyondLimit = `
const [module, file] = process.argv.slice(1);
const { writeFileWhole } = await import(module);
await writeFileWhole(file, 'former');
const failure = await writeFileWhole(file, 'x'.repeat(100_000)).catch(({ code }) => code);
console.log(JSON.stringify({ failure, signals: process.eventNames().filter((name) => /^SIG/.test(name)) }));
`;

suite('a file that is written whole', () => {
  let scratch: Scratch;
  before(async () => (scratch = await makeScratch('whole')));
  after(() => scratch.remove());

  test('belongs to this user alone, as its folder does, and nothing is left beside it', async () => {
    const folder = join(scratch.path, 'new');
    const file = join(folder, 'a.json');
    await writeFileWhole(file, '1');
    await writeFileWhole(file, '2');
    assert.equal(await readFile(file, 'utf8'), '2');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(folder), ['a.json']);
  });

  test('that cannot be replaced is refused at once, and nothing is left beside it', async () => {
    const folder = join(scratch.path, 'refused');
    await mkdir(join(folder, 'a.json', 'full'), { recursive: true });
    await assert.rejects(writeFileWhole(join(folder, 'a.json'), '1'));
    assert.deepEqual(await readdir(folder), ['a.json']);
  });

  test('what a killed process left is removed later, and what another one writes now is not', async () => {
    const folder = join(scratch.path, 'leftovers');
    await mkdir(folder);
    const [left, current] = ['b.json.tmp-1234567890abcdef', 'c.json.tmp-1234567890abcdef'];
    for (const name of [left, current, 'd.json']) await writeFile(join(folder, name), '{');
    for (const name of [left, 'd.json']) await utimes(join(folder, name), 1, 1);
    await writeFileWhole(join(folder, 'a.json'), '1');
    assert.deepEqual((await readdir(folder)).sort(), ['a.json', current, 'd.json']);
  });

  test(
    'keeps its former content if the disk takes only a part of the new one, and signals of the process are left alone',
    { skip: process.platform === 'win32' && 'needs ulimit' },
    async () => {
      const file = join(scratch.path, 'limited', 'a.json');
      const module = fileURLToPath(new URL('../../../src/core/base/writeFileWhole.ts', import.meta.url));
      const { stdout } = await promisify(execFile)('sh', [
        ...['-c', 'ulimit -f 16; exec "$@"', 'sh'],
        ...[process.execPath, '--input-type=module', '-e', writeBeyondLimit, module, file],
      ]);
      assert.deepEqual(JSON.parse(stdout), { failure: 'EFBIG', signals: [] });
      assert.equal(await readFile(file, 'utf8'), 'former');
      assert.deepEqual(await readdir(join(scratch.path, 'limited')), ['a.json']);
    },
  );
});
