import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { installedExtensions, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { folderRepositories } = await import('../../../../src/host/registry/folderRepositories.ts');

/** The remotes of the open folder by VS Code's git extension. */
function useRemotes(...urls: readonly string[]): void {
  const remotes = urls.map((fetchUrl) => ({ fetchUrl }));
  const getAPI = (): unknown => ({ repositories: [{ state: { remotes } }] });
  installedExtensions.set('vscode.git', { isActive: true, exports: { getAPI } });
}

suite('the repository of the open folder', () => {
  test('is found by any kind of remote of this host, and by none of another', async (t) => {
    t.after(() => {
      installedExtensions.clear();
    });
    const remotes: readonly (readonly [string, string | undefined])[] = [
      ['https://gitea.test:3000/Team/App.git', 'team/app'],
      ['https://gitea.test/sub/team/app/', 'team/app'],
      ['git@gitea.test:team/app.git', 'team/app'],
      ['gitea.test:team/app', 'team/app'],
      ['ssh://git@gitea.test:2222/team/app.git', 'team/app'],
      ['https://user:secret@GITEA.test/team/app', 'team/app'],
      ['https://gitea.test.evil/team/app', undefined],
      ['https://other.test/gitea.test/app', undefined],
      ['/srv/git/app.git', undefined],
      ['C:\\git\\app', undefined],
      ['https://gitea.test/app', undefined],
      ['', undefined],
    ];
    for (const [fetchUrl, expected] of remotes) {
      useRemotes(fetchUrl);
      assert.deepEqual(
        await folderRepositories({ host: 'gitea.test:3000' }),
        expected === undefined ? [] : [expected],
        fetchUrl,
      );
    }
  });
});
