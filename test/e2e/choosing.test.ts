import { after, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { inspectImage, loadImages } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** The row that Enter chooses in the push dialog, in a real VS Code, which filters and sorts the rows itself. */
suite('choosing by typing', { timeout: 300_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, gitea] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
    ]);
    const tags = ['tools:1-amd64', 'box:1-arm64', 'tools:1-armv7', 'armory:1', 'app:armv6'];
    await loadImages(
      engine,
      tags.map((tag) => ({ tags: [tag], layers: [{ 'app/data': tag }], labels: { tag } })),
    );
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host } });
    const { url, fingerprint256: trustFingerprint } = gitea;
    await vscode.host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint });
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), puller.stop(), gitea.close()]);
  });

  /** Types fast: Enter follows the last letter at once. */
  async function typeAndEnter(text: string, isListed: string): Promise<void> {
    await vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: isListed }).first().waitFor();
    await vscode.page.keyboard.type(text);
    await vscode.page.keyboard.press('Enter');
  }

  async function answer(image: string, owner: string): Promise<void> {
    const { quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await typeAndEnter(image, 'tools:1-armv7');
    await quickInput.waitFor(/Which owner/);
    await typeAndEnter(owner, 'team');
    await quickInput.waitFor('(3/4)');
    await quickInput.accept();
    await quickInput.waitFor('(4/4)');
    await quickInput.accept();
  }

  for (const { image, owner, pushed, repository } of [
    { image: 'armv7', owner: 'te', pushed: 'tools:1-armv7', repository: 'team/tools' },
    { image: '1-ARM6', owner: 'TEAM', pushed: 'box:1-arm64', repository: 'team/box' },
    { image: 'armory', owner: 'de', pushed: 'armory:1', repository: 'dev/armory' },
  ]) {
    test(`“${image}” and “${owner}” push ${pushed} to ${repository}`, async () => {
      const { notifications, page } = vscode;
      await answer(image, owner);
      const [name = ''] = repository.split('/');
      const dialog = page.locator('.monaco-dialog-box').filter({ hasText: `${name} on ${gitea.host} is public` });
      const done = page.locator('.notifications-toasts').filter({ hasText: 'Pushed ' });
      // The question comes once for each owner.
      await dialog.or(done).first().waitFor();
      if (await dialog.isVisible()) await dialog.locator('.monaco-button').filter({ hasText: 'Push' }).click();
      const reference = `${gitea.host}/${repository}:${pushed.split(':')[1] ?? ''}`;
      await notifications.waitFor(`Pushed ${reference} in`);
      await checkStored({ reference, built: await inspectImage(engine, pushed), credentials: dev, puller });
      await vscode.host.executeCommand('notifications.clearAll');
    });
  }

  test('text that matches no owner in the list is a new owner, and an invalid name shows the reason', async () => {
    const { quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await typeAndEnter('armory', 'tools:1-armv7');
    // It was pushed before: that target is proposed.
    await quickInput.pick('Somewhere else');
    await quickInput.waitFor(/Which owner/);
    const rows = vscode.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');
    await quickInput.type('a__b');
    await rows.filter({ hasText: 'a__b' }).waitFor();
    await quickInput.accept();
    await quickInput.type('nobody-yet');
    await quickInput.waitFor(/Which owner/);
    await rows.filter({ hasText: 'nobody-yetas typed' }).waitFor();
    await quickInput.accept();
    await quickInput.waitFor('(4/5)');
    await quickInput.dismiss();
  });
});
