import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { thisMachine } from '../../../src/core/credentials/credentialMachine.ts';
import { readGitRemotes } from '../../../src/core/credentials/gitRemotes.ts';
import { readConfigFile } from '../../../src/core/credentials/readConfigFile.ts';
import { run } from '../../tools/run.ts';
import { makeScratch } from '../../tools/scratch.ts';

const windows = process.platform === 'win32' ? 'Windows has neither pipes nor devices among its files' : false;

/** Files as an archive that somebody has unpacked may have them. */
suite('a file of settings', { skip: windows, timeout: 30_000 }, () => {
  const machine = thisMachine();

  test('that is a pipe or an endless device is not read, and says so', async (t) => {
    const scratch = await makeScratch('odd-files');
    t.after(() => scratch.remove());
    const [pipe, device] = [join(scratch.path, 'pipe'), join(scratch.path, 'device')];
    await run('mkfifo', [pipe]);
    await symlink('/dev/zero', device);
    for (const path of [pipe, device]) {
      const { value, problem } = await readConfigFile(machine, path, 'json');
      assert.deepEqual([value, problem], [undefined, `${path} is a pipe or a device, not a file.`]);
      const folder = `${path}-folder`;
      await mkdir(join(folder, '.git'), { recursive: true });
      await symlink(path, join(folder, '.git', 'config'));
      assert.deepEqual(await readGitRemotes(machine, folder), []);
    }
  });

  test('that is huge, a folder, or a link to itself says so; one that is not there is none', async (t) => {
    const scratch = await makeScratch('odd-files');
    t.after(() => scratch.remove());
    const path = (name: string): string => join(scratch.path, name);
    await writeFile(path('huge'), Buffer.alloc(1024 * 1024 + 1, ' '));
    await mkdir(path('folder'));
    await symlink(path('loop'), path('loop'));
    await writeFile(path('largest'), `{}${' '.repeat(1024 * 1024 - 2)}`);
    const problemOf = async (name: string): Promise<string | undefined> =>
      (await readConfigFile(machine, path(name), 'json')).problem?.replace(path(name), name);
    assert.equal(await problemOf('huge'), 'huge is too large for a file of settings: more than 1 MiB.');
    assert.equal(await problemOf('folder'), 'folder cannot be read (EISDIR).');
    assert.equal(await problemOf('loop'), 'loop cannot be read (ELOOP).');
    assert.equal(await problemOf('nothing'), undefined);
    assert.equal(await problemOf('huge/below'), undefined);
    assert.deepEqual((await readConfigFile(machine, path('largest'), 'json')).value, {});
  });
});
