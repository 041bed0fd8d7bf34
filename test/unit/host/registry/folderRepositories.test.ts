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
      ['http://gitea.test:3000/team/app', 'team/app'],
      ['https://gitea.test/team/app/', undefined],
      ['https://gitea.test:3001/team/app/', undefined],
      ['https://gitea.test:3000/other/team/app', undefined],
      ['git@gitea.test:team/app.git', 'team/app'],
      ['gitea.test:team/app', 'team/app'],
      ['ssh://git@gitea.test:2222/team/app.git', 'team/app'],
      ['ssh://git@gitea.test:2222/team/app/', 'team/app'],
      ['git@gitea.test:team/app.git//', 'team/app'],
      ['https://gitea.test:3000/team/app/', 'team/app'],
      ['ssh://git@gitea.test:2222/~/git/team/app.git', 'team/app'],
      ['https://user:secret@GITEA.test:3000/team/app', 'team/app'],
      ['https://gitea.test.evil:3000/team/app', undefined],
      ['https://other.test/gitea.test/app', undefined],
      ['/srv/git/app.git', undefined],
      ['C:\\git\\app', undefined],
      ['https://gitea.test:3000/app', undefined],
      ['', undefined],
    ];
    for (const [fetchUrl, expected] of remotes) {
      useRemotes(fetchUrl);
      assert.deepEqual(
        await folderRepositories({ origin: 'https://gitea.test:3000', webRoot: 'https://gitea.test:3000' }),
        expected === undefined ? [] : [expected],
        fetchUrl,
      );
    }
  });

  test('is found by the address of the web pages as well, and below their path', async (t) => {
    t.after(() => {
      installedExtensions.clear();
    });
    const server = { origin: 'http://gitea.test:3000', webRoot: 'https://code.test/git' };
    useRemotes('https://code.test/team/app.git');
    assert.deepEqual(await folderRepositories({ origin: 'https://code.test', webRoot: 'https://code.test/git' }), []);
    const remotes: readonly (readonly [string, string | undefined])[] = [
      ['https://code.test/git/team/app.git', 'team/app'],
      ['https://code.test:443/git/team/app.git', 'team/app'],
      ['http://code.test/git/team/app.git', 'team/app'],
      ['https://code.test/team/app.git', undefined],
      ['https://code.test/gitlab/team/app.git', undefined],
      ['https://code.test:8443/git/team/app.git', undefined],
      ['http://gitea.test:3000/team/app', 'team/app'],
      ['http://gitea.test:3001/team/app', undefined],
      ['git@code.test:team/app.git', 'team/app'],
      ['git@gitea.test:team/app.git', 'team/app'],
    ];
    for (const [fetchUrl, expected] of remotes) {
      useRemotes(fetchUrl);
      assert.deepEqual(await folderRepositories(server), expected === undefined ? [] : [expected], fetchUrl);
    }
  });
});
