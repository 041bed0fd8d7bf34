import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { makeScratch } from '../../../tools/scratch.ts';
import { installedExtensions, useFakeVscode, workspace } from '../support/fakeVscode.ts';

useFakeVscode();
const { gitRemotes } = await import('../../../../src/host/connections/gitRemotes.ts');

/** What VS Code's git extension exports (extensions/git/src/api/git.d.ts). */
function gitExtension(remotes: readonly object[], isEnabled = true): unknown {
  return {
    getAPI: (version: number) => {
      assert.equal(version, 1);
      if (!isEnabled) throw new Error('Git model not found');
      return { repositories: [{ state: { remotes } }] };
    },
  };
}

suite('git remotes of the open folders', () => {
  afterEach(() => {
    installedExtensions.clear();
    workspace.workspaceFolders = undefined;
  });

  async function openFolder(t: { after(work: () => Promise<void>): void }): Promise<void> {
    const scratch = await makeScratch('remotes');
    t.after(() => scratch.remove());
    await mkdir(join(scratch.path, '.git'));
    await writeFile(join(scratch.path, '.git', 'config'), '[remote "origin"]\n\turl = git@file.test:dev/app.git\n');
    workspace.workspaceFolders = [
      { uri: { scheme: 'file', fsPath: scratch.path } },
      { uri: { scheme: 'vscode-vfs', fsPath: '/github' } },
    ];
  }

  test('are those that VS Code’s git extension has found', async (t) => {
    await openFolder(t);
    const remotes = [{ name: 'origin', fetchUrl: 'https://a.test/x/y', pushUrl: 'git@b.test:x/y' }, { name: 'odd' }];
    installedExtensions.set('vscode.git', { isActive: true, exports: gitExtension(remotes) });
    assert.deepEqual(await gitRemotes(), ['https://a.test/x/y', 'git@b.test:x/y']);
  });

  test('are read from git’s own files while it is not active, is switched off, or found none', async (t) => {
    await openFolder(t);
    for (const extension of [
      undefined,
      { isActive: false, exports: undefined },
      { isActive: true, exports: gitExtension([], false) },
      { isActive: true, exports: gitExtension([]) },
    ]) {
      if (extension !== undefined) installedExtensions.set('vscode.git', extension);
      assert.deepEqual(await gitRemotes(), ['git@file.test:dev/app.git']);
    }
  });

  test('are none without a folder', async () => {
    assert.deepEqual(await gitRemotes(), []);
  });
});
