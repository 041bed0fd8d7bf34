import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { takeShown, useFakeVscode } from './support/fakeVscode.ts';

useFakeVscode();
const browser = await import('../../../src/host/openInBrowser.ts');

suite('a page', () => {
  test('is opened on the server it belongs to, as it is written, and nowhere else', async () => {
    const { openInBrowser } = browser;
    const root = 'https://gitea.test/sub';
    const good = 'https://gitea.test/sub/dev/-/packages/container/team%2Fapp/1';
    const bad = [
      'file:///etc/passwd',
      'vscode://some.extension/run',
      'command:workbench.action.quit',
      'javascript:alert(1)',
      'https://evil.test/sub/',
      'http://gitea.test/sub/',
      'https://gitea.test:444/sub/',
      'https://gitea.test@evil.test/sub/',
      'https://me@gitea.test/sub/',
      'https://gitea.test/subway',
      'https://gitea.test/sub/../admin',
      'https://gitea.test/sub/\nx',
      'https:gitea.test/sub/',
      '',
    ];
    takeShown();
    assert.equal(await openInBrowser({ url: good, root }), true);
    for (const url of bad) assert.equal(await openInBrowser({ url, root }), false, url);
    assert.deepEqual(takeShown(), [{ element: 'browser', text: good }]);
  });
});
