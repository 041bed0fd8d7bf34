import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { defaultSeed, type Seed } from '../fakeGitea/model/seed.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { inspectImage, loadImages } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** Organizations of each visibility, and of each right that a team may have. */
const seed: Seed = {
  ...defaultSeed,
  organizations: [
    ...defaultSeed.organizations,
    {
      name: 'crew',
      visibility: 'limited',
      teams: [{ name: 'images', permission: 'none', packages: 'write', members: ['dev'] }],
    },
    { name: 'vault', visibility: 'private', teams: [{ name: 'all', permission: 'write', members: ['dev'] }] },
  ],
};

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
      startFakeGitea({ tls: 'valid', seed }),
    ]);
    const tags = ['tools:1-amd64', 'box:1-arm64', 'tools:1-armv7', 'armory:1', 'app:armv6'];
    await loadImages(
      engine,
      tags.map((tag) => ({ tags: [tag], layers: [{ 'app/data': tag }], labels: { tag } })),
    );
    const crew = gitea.directory.owner('crew');
    assert.ok(crew !== undefined);
    gitea.directory.addRepository(crew, 'Tools');
    vscode = await openVscode({
      ...{ env: { DOCKER_HOST: engine.host }, size: { width: 1120, height: 700 } },
      folder: { '.git/config': `[remote "origin"]\n\turl = https://${gitea.host}/crew/tools.git\n` },
    });
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
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    await typeAndEnter(owner, 'team');
    await quickInput.waitFor(/Where should/);
    await quickInput.accept();
  }

  for (const { image, owner, pushed, repository } of [
    { image: 'armv7', owner: 'te', pushed: 'tools:1-armv7', repository: 'team/tools' },
    { image: '1-ARM6', owner: 'TEAM', pushed: 'box:1-arm64', repository: 'team/box' },
    { image: 'armory', owner: 'de', pushed: 'armory:1', repository: 'dev/armory' },
  ]) {
    test(`“${image}” and “${owner}” push ${pushed} to ${repository}`, async () => {
      const { notifications } = vscode;
      await answer(image, owner);
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
    await vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'as last time' }).waitFor();
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    const rows = vscode.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');
    await quickInput.type('a__b');
    await rows.filter({ hasText: 'a__b' }).waitFor();
    await quickInput.accept();
    await quickInput.type('nobody-yet');
    await quickInput.waitFor(/Which owner/);
    await rows.filter({ hasText: 'nobody-yetas typed' }).waitFor();
    await quickInput.accept();
    // It does not exist: the registry is asked before anything else is.
    await rows.filter({ hasText: 'has no user or organization “nobody-yet”' }).waitFor();
    await quickInput.type('taem');
    await rows.filter({ hasText: 'taemas typed' }).waitFor();
    await quickInput.accept();
    await rows.filter({ hasText: 'Did you mean “team”?' }).waitFor();
    await vscode.screenshot('push-owner-unknown-dark');
    // The nearest one is a row, which takes a choice of its own: another owner is somebody else.
    await quickInput.pick(/^team/);
    await vscode.screenshot('push-target-dark');
    await quickInput.changePart('Tag');
    await quickInput.message('public: anybody can pull it');
    await vscode.screenshot('push-tag-dark');
    await quickInput.back();
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    await quickInput.type('readers');
    await quickInput.accept();
    await rows.filter({ hasText: 'You are a member, but none of your teams there may write packages.' }).waitFor();
    await quickInput.dismiss();
    assert.deepEqual(gitea.openSessions(), [], 'the checks left nothing');
  });

  test('the owners are listed by what the person may do there, with who can pull, in both themes', async () => {
    const { quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await typeAndEnter('armv6', 'tools:1-armv7');
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    const rows = vscode.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');
    await rows.filter({ hasText: 'readers' }).waitFor();
    const listed = (await quickInput.rows()).map((row) => row.replace(/\s+/g, ' '));
    for (const [at, text] of [
      [3, /crew.*limited to signed-in users.*owner of the open folder’s repository/],
      [4, /vault.*private/],
      [5, /readers.*you may only pull here.*public/],
      [6, /Another owner/],
    ] as const) {
      assert.match(listed[at - 1] ?? listed.join(' | '), text);
    }
    await vscode.screenshot('push-owners-dark');
    await vscode.host.executeCommand('workbench.action.toggleLightDarkThemes');
    await vscode.page.locator('.monaco-workbench.vs').waitFor();
    await vscode.screenshot('push-owners-light');
    await quickInput.dismiss();
  });

  test('a pasted command pushes where it says; the message links the package to the open folder’s repository', async () => {
    const { quickInput, notifications, page } = vscode;
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await typeAndEnter('armv6', 'tools:1-armv7');
    await quickInput.waitFor(/Where should/);
    await quickInput.type(`$ docker push "${gitea.host}/crew/tools:pasted"`);
    await vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'as pasted' }).waitFor();
    await vscode.screenshot('push-pasted-light');
    await quickInput.accept();
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Everybody who is signed in to' });
    await dialog.waitFor();
    await vscode.screenshot('push-limited-light');
    await dialog.locator('.monaco-button').filter({ hasText: 'Push' }).click();
    const reference = `${gitea.host}/crew/tools:pasted`;
    await notifications.waitFor(`Pushed ${reference} in`);
    await checkStored({ reference, built: await inspectImage(engine, 'app:armv6'), credentials: dev, puller });
    await vscode.screenshot('push-link-light');
    await notifications.click(`Pushed ${reference}`, 'Link to crew/tools');
    await notifications.waitFor(`${gitea.host}/crew/tools is linked to the repository crew/tools now.`);
    const crew = gitea.directory.owner('crew');
    assert.equal(gitea.packages.get(crew?.id ?? -1, 'tools')?.repository, 'Tools');
    await vscode.host.executeCommand('notifications.clearAll');
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await typeAndEnter('armv6', 'tools:1-armv7');
    const suggested = vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: reference });
    await suggested.filter({ hasText: 'limited to signed-in users' }).waitFor();
    await vscode.screenshot('push-suggested-light');
    await quickInput.dismiss();
  });
});
