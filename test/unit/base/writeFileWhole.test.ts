import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { writeFileWhole } from '../../../src/core/base/writeFileWhole.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';

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
});
