import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import * as v from 'valibot';
import { OriginValues } from '../../../../src/host/registry/originValues.ts';
import { FileState } from '../../../../src/host/state/fileState.ts';
import { TargetMemory } from '../../../../src/host/targets/targetMemory.ts';

const [one, two] = ['https://one.example', 'https://two.example'] as const;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-windows-'))));
afterEach(() => rm(folder, { recursive: true }));

suite('rows that two windows write', () => {
  test('are all kept, and seen in both', async () => {
    const [here, there] = [new FileState(folder), new FileState(folder)];
    assert.deepEqual(there.keys(), []);
    await Promise.all(
      ['a', 'b', 'c'].flatMap((key) => [here.update(`${key} here`, key), there.update(`${key} there`, key)]),
    );
    for (const window of [here, there]) {
      assert.equal(window.keys().length, 6);
      assert.deepEqual([window.get('a there'), window.get('c here'), window.get('none', 0)], ['a', 'c', 0]);
    }
    await here.update('a there', undefined);
    assert.equal(there.get('a there'), undefined);
    assert.equal(there.keys().length, 5);
  });

  test('are seen in the window that wrote them before they are on disk, and belong to this user alone', async () => {
    const state = new FileState(join(folder, 'state'));
    const written = state.update('key', { number: 1 });
    assert.deepEqual(state.get('key'), { number: 1 });
    await written;
    const files = await readdir(join(folder, 'state'));
    assert.equal(files.length, 1);
    assert.equal((await stat(join(folder, 'state', files[0] ?? ''))).mode & 0o777, 0o600);
  });

  test('keep what each learned of ways to registries, and where images went', async () => {
    const windows = [new FileState(folder), new FileState(folder)] as const;
    const [numbers, others] = windows.map((state) => new OriginValues(state, 'numbers', v.number()));
    const [targets, otherTargets] = windows.map((state) => new TargetMemory(state));
    assert.ok(numbers && others && targets && otherTargets);
    numbers.set(one, 1);
    others.set(two, 2);
    const target = (host: string): { host: string; repository: string; tag: string } => ({
      host,
      repository: 'dev/app',
      tag: '1',
    });
    await Promise.all([
      targets.remember('app:1', one, target('one.example')),
      otherTargets.remember('app:2', two, target('two.example')),
    ]);
    for (const window of [numbers, others]) assert.deepEqual([window.get(one), window.get(two)], [1, 2]);
    for (const memory of [targets, otherTargets]) {
      assert.deepEqual([memory.last('app:1')?.origin, memory.last('app:2')?.origin], [one, two]);
    }
    await targets.forgetRegistry(two);
    assert.equal(otherTargets.last('app:2'), undefined);
    assert.ok(otherTargets.last('app:1'));
  });

  test('of images that were pushed longest ago go first when there are too many', async () => {
    let now = 0;
    const memory = new TargetMemory(new FileState(folder), () => now++);
    const target = { host: 'one.example', repository: 'dev/app', tag: '1' };
    for (let at = 0; at < 202; at++) await memory.remember(`app:${at}`, one, target);
    assert.deepEqual([memory.last('app:1'), memory.last('app:2')?.origin], [undefined, one]);
  });
});
