import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { startFakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeScratch } from '../tools/scratch.ts';
import { pushImage, pushIndex } from '../unit/gitea/pushContent.ts';
import { clientFor, dev } from '../unit/gitea/testClient.ts';
import { openVscode } from './harness/openVscode.ts';

suite('the Registries view in a light theme', { timeout: 120_000 }, () => {
  test('has tooltips with all that is known of a tag', async () => {
    const [fakeGitea, nowhere] = await Promise.all([startFakeGitea(), makeScratch('nowhere')]);
    const client = clientFor(fakeGitea.url, { credential: dev });
    const env = { DOCKER_HOST: `unix://${nowhere.path}/docker.sock` };
    const vscode = await openVscode({ theme: 'light', env, size: { width: 1120, height: 700 } });
    try {
      const digest = await pushImage(client, 'team/shop/api', ['1.0', 'latest'], { layerSize: 1_200_000 });
      const children = [await pushImage(client, 'team/shop/api', []), await pushImage(client, 'team/shop/api', [])];
      await pushIndex(client, 'team/shop/api', '2.0', children);
      const team = fakeGitea.directory.owner('team') ?? assert.fail();
      fakeGitea.directory.addRepository(team, 'shop');
      const signal = new AbortController().signal;
      await client.packages.link({ owner: 'team', name: 'shop/api' }, 'shop', { signal });
      await vscode.host.executeCommand('teaChest.signIn', { url: fakeGitea.url, ...dev, allowHttp: true });
      await vscode.host.executeCommand('notifications.clearAll');
      await vscode.sideBar.open('Tea Chest');
      const view = vscode.sideBar.view('Registries');
      await view.expand(fakeGitea.host);
      await view.expand(/^teampublic$/);
      await view.row('linked to shop').waitFor();
      await view.expand('shop/api');
      await view.expand(/^2\.0/);
      await view.row(/^1\.0/).filter({ hasText: '1.2 MB' }).waitFor();
      await view.row(/^1\.0/).hover();
      const tooltip = vscode.page.locator('.monaco-hover:visible').filter({ hasText: digest });
      await tooltip.waitFor();
      const text = await tooltip.innerText();
      assert.match(text, /Pushed: \w+ \d+, 2\d{3}, .* by dev/);
      assert.match(text, /Platforms: linux\/amd64/);
      await vscode.screenshot('registries-tags-light');
    } finally {
      await vscode.close();
      await client.close();
      await Promise.all([fakeGitea.close(), nowhere.remove()]);
    }
  });
});
