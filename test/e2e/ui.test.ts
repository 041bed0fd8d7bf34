import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, afterEach, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { protectWrites } from '../tools/writeProtectedRegistry.ts';
import { buildImage, inspectImage, sizes } from '../tools/images.ts';
import type { Credentials } from '../tools/verifyPull.ts';
import { startRegistry } from '../tools/registry.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const password = 'dev pässword: with everything';
const dev = { username: 'dev', secret: password };

/** Use with mouse and keyboard, in a real VS Code with a real engine. */
suite('by hand', { timeout: 600_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let fakeGitea: FakeGitea;
  let spool: Scratch;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, fakeGitea, spool] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      makeScratch('spool'),
    ]);
    await buildImage(engine, { tags: ['app:1', 'app:stable'], layers: sizes.medium });
    await buildImage(engine, { tags: ['big:1'], layers: sizes.large });
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host },
      settings: { 'teaChest.spool.folder': spool.path },
    });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([fakeGitea.close(), engine.stop(), puller.stop()]);
    await spool.remove();
  });

  afterEach(async () => {
    fakeGitea.faults.clear();
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const images = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Images');
  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');

  const tagMenu = ['Push to Registry…', 'Preview Push…', 'Show Layers', 'Copy Reference', 'Copy Image ID'];

  /** Before the first push to an owner whose images everybody can pull, the row says so. */
  async function confirmPublicAndPush(owner: string, name: string): Promise<void> {
    const row = vscode.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ hasText: `Push to ${fakeGitea.host}/${owner}/${name}` });
    await row
      .filter({ hasText: `${owner} is public: everybody who can reach this server can pull this image` })
      .waitFor();
    await vscode.screenshot('push-public-owner');
    await row.click();
  }

  /** A notification reports the push, and other tools find the engine's image under the digest that it names. */
  async function isStored(done: string, image: string, credentials: Credentials = dev): Promise<void> {
    const [, reference] = /Pushed (\S+) in /.exec(done) ?? assert.fail(done);
    assert.ok(reference !== undefined);
    const built = await inspectImage(engine, image);
    const copy = await checkStored({ reference, built, puller, credentials });
    assert.ok(done.includes(copy.manifestDigest.slice(0, 'sha256:'.length + 12)), done);
  }

  /** A push has left nothing, neither on this machine nor in the registry. */
  async function nothingIsLeft(): Promise<void> {
    assert.deepEqual(await readdir(spool.path), [], 'the spool is empty');
    assert.deepEqual(fakeGitea.openSessions(), [], 'no upload session is open');
  }

  test('the Images view shows repositories, tags with size and platform, and what can be done with them', async () => {
    await images().row('app').waitFor();
    await images().expand('app');
    await images()
      .row(/^stable.*linux\/amd64/)
      .waitFor();
    const labels = await images().rows();
    assert.ok(
      labels.some((label) => /^Image app:1, \d+(\.\d)? MB, .+, linux\/amd64$/.test(label)),
      labels.join('\n'),
    );
    assert.deepEqual(await images().menuOf('stable'), tagMenu);
    assert.ok(labels.includes('Repository app, 2 tags'), labels.join('\n'));
    const alone = labels.find((label) => label.startsWith('Image big:1, '));
    assert.match(alone ?? labels.join('\n'), /^Image big:1, \d+ MB, .+, linux\/amd64$/);
    assert.deepEqual(await images().menuOf('2 tags'), ['Push to Registry…', 'Push All Tags…', 'Preview Push…']);
    assert.deepEqual(await images().menuOf('big'), tagMenu);
    await vscode.screenshot('images-view');
  });

  test('an address where nobody listens is reported in the box where it was typed', async () => {
    const { quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.type('https://127.0.0.1:9');
    await quickInput.accept();
    await quickInput.message('nobody listens on that port');
    await vscode.screenshot('sign-in-unreachable');
    await quickInput.type(fakeGitea.origin.replace('https', 'ftp'));
    await quickInput.message('reached by https:// or http://');
    await quickInput.dismiss();
  });

  test('a person sees whose certificate it is, a wrong password keeps them there, a token without scope as well', async () => {
    const { page, quickInput, notifications } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.type(fakeGitea.url);
    await quickInput.accept();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    const shown = (await dialog.innerText()).replaceAll(/[:\s]/g, '').toLowerCase();
    assert.ok(shown.includes(fakeGitea.fingerprint256 ?? 'no certificate'), 'the fingerprint is shown');
    await vscode.screenshot('sign-in-certificate');
    // Enter trusts nothing: it asks for a CA file. Without one the question is still there.
    await page.keyboard.press('Enter');
    await quickInput.waitFor('CA File of the Registry');
    await quickInput.dismiss();
    await dialog.waitFor();
    await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();

    await quickInput.waitFor('(2/3)');
    await quickInput.type('dev');
    await quickInput.accept();
    await quickInput.waitFor('(3/3)');
    await quickInput.type('not the password');
    await quickInput.accept();
    await quickInput.message('does not accept this user name and password');
    await vscode.screenshot('sign-in-wrong-password');

    await quickInput.type(fakeGitea.createToken('dev', ['read:repository']));
    await quickInput.accept();
    await quickInput.message('write:package');
    await vscode.screenshot('sign-in-no-scope');

    await quickInput.type(password);
    await quickInput.clickTitleButton('Choose What Is Stored');
    await quickInput.waitFor(/What should be stored/);
    await vscode.screenshot('sign-in-what-to-store');
    await quickInput.pick('The password');
    await notifications.waitFor(`Signed in to ${fakeGitea.host} as dev`);
    await registries().row(fakeGitea.host).waitFor();
  });

  test('Enter chooses the best match of the typed text, and the text itself only if nothing matches', async () => {
    const { page, quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    await quickInput.type('bi');
    await quickInput.accept();
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    await quickInput.type('tea');
    await quickInput.accept();
    await quickInput.waitFor(/Where should/);
    // A typed target is in no row that says who can pull it: a question follows.
    await quickInput.type('team/big:typed');
    await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'as typed' }).waitFor();
    await quickInput.accept();
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: `team on ${fakeGitea.host} is public` });
    await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await fakeGitea.manifest('team', 'big', 'typed'), undefined, 'a no is a no');
  });

  test('a push from the palette shows its progress, and what was stored is the image', async () => {
    const { quickInput, notifications } = vscode;
    // Slow, so that the progress can be seen.
    fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 1_500 } });
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.pick('big:1');
    await quickInput.changePart('Owner');
    await quickInput.pick('team');
    await quickInput.changePart('Name');
    await quickInput.waitFor('(3/3)');
    await quickInput.type('Big__App');
    await quickInput.message('Try “big_app”');
    await quickInput.type('big');
    await quickInput.accept();
    await quickInput.changePart('Tag');
    await quickInput.type('V1');
    await quickInput.message('Gitea stores tags in lower case');
    await quickInput.accept();
    await confirmPublicAndPush('team', 'big:v1');

    await notifications.waitFor(/Pushing team\/big:v1: .*B.* left/);
    await vscode.screenshot('push-in-progress');
    assert.ok(
      (await vscode.statusBar()).some((label) => label.startsWith('Push of ')),
      'the status bar shows it as well',
    );
    const done = await notifications.waitFor(/Pushed /);
    assert.ok(done.includes(`${fakeGitea.host}/team/big:v1`), done);
    assert.deepEqual(await notifications.buttonsOf(/Pushed /), ['Copy Pull Command', 'Open in Gitea', 'Show Details']);
    await vscode.screenshot('push-done');
    await isStored(done, 'big:1');
    await nothingIsLeft();
  });

  test('a push from the tree asks once where to, and the next time proposes it first', async () => {
    const { quickInput, notifications, page } = vscode;
    await images().expand('app');
    await images().chooseFromMenu('stable', 'Push to Registry…');
    await quickInput.changePart('Owner');
    await quickInput.pick('dev');
    await confirmPublicAndPush('dev', 'app:stable');
    const done = await notifications.waitFor(/Pushed /);
    await notifications.click(/Pushed /, 'Copy Pull Command');
    const reference = `${fakeGitea.host}/dev/app:stable`;
    // Polls the clipboard: the click is handled in the extension host.
    await page.waitForFunction(`navigator.clipboard.readText().then((text) => text === 'docker pull ${reference}')`);
    await isStored(done, 'app:stable');

    await vscode.host.executeCommand('notifications.clearAll');
    await images().chooseFromMenu('stable', 'Push to Registry…');
    await quickInput.pick(reference);
    const again = await notifications.waitFor(/Pushed /);
    assert.match(again, /already there/);
    assert.doesNotMatch(again, /sent/);
    await isStored(again, 'app:stable');

    await registries().expand(fakeGitea.host);
    // The row shows name and description.
    await registries().expand(/^devpublic$/);
    await registries().row('app').waitFor();
    await notifications.gone(/Pushing /);
    await vscode.screenshot('registries-view');
  });

  test('an owner is refused in the dialog; for a command, a message says why and lets another one be chosen', async () => {
    const { page, quickInput, notifications } = vscode;
    await images().chooseFromMenu('stable', 'Push to Registry…');
    await quickInput.changePart('Owner');
    await quickInput.pick('readers');
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await rows.filter({ hasText: 'You may not push to “readers”' }).waitFor();
    await vscode.screenshot('push-refused-in-dialog');
    await quickInput.dismiss();
    const target = `${fakeGitea.host}/readers/app:stable`;
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:stable', target }));
    const refusal = 'none of your teams there may write packages';
    await notifications.waitFor(refusal);
    await notifications.gone(/Pushing /);
    await vscode.screenshot('push-refused');
    await notifications.click(refusal, 'Choose Another Owner');
    await quickInput.changePart('Owner');
    await quickInput.pick('team');
    await quickInput.pick(`Push to ${fakeGitea.host}/team/app:stable`);
    await isStored(await notifications.waitFor(/Pushed .*team\/app:stable/), 'app:stable');
    await nothingIsLeft();
  });

  test('cancel leaves nothing behind, and the tag as it was', async () => {
    const { page, quickInput, notifications } = vscode;
    const former = await fakeGitea.manifest('team', 'big', 'v1');
    await buildImage(engine, { tags: ['fresh:1'], layers: [{ megabytes: 60 }] });
    const reached = new Promise<void>((resolve) => {
      fakeGitea.faults.add({
        method: 'PATCH',
        times: Infinity,
        action: { kind: 'stall', afterBytes: 100_000 },
        onStrike: resolve,
      });
    });
    await images().row('fresh').waitFor();
    await images().expand('fresh');
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.pick('fresh:1');
    await quickInput.changePart('Owner');
    await quickInput.pick('team');
    await quickInput.changePart('Name');
    await quickInput.type('big');
    await quickInput.accept();
    await quickInput.changePart('Tag');
    await quickInput.type('v1');
    await quickInput.accept();
    await quickInput.pick(`Push to ${fakeGitea.host}/team/big:v1`);
    await reached;
    await notifications.click(/Pushing /, 'Cancel');
    await notifications.gone(/Pushing /);
    // The notification closes with the click; the status bar shows when the push has ended.
    await page.locator('.statusbar-item[aria-label^="Push of "]').waitFor({ state: 'hidden' });
    await nothingIsLeft();
    assert.deepEqual(await fakeGitea.manifest('team', 'big', 'v1'), former);
    assert.deepEqual(
      (await notifications.all()).filter((text) => text.includes('Pushed')),
      [],
    );
  });

  test('a repository of several tags asks which, and a selection shows all targets before the push', async () => {
    const { quickInput, notifications } = vscode;
    await images().chooseFromMenu('2 tags', 'Push to Registry…');
    await quickInput.pick('app:stable');
    await quickInput.waitFor('Push Image');
    await quickInput.dismiss();
    await images().row('2 tags').click();
    await images()
      .row('big')
      .click({ modifiers: ['Control'] });
    await images().chooseFromMenu('big', 'Push to Registry…');
    await quickInput.pick('app:1');
    await quickInput.waitFor('Push 2 Images');
    await quickInput.pick('team');
    await quickInput.waitFor('Enter pushes');
    assert.deepEqual(await notifications.all(), [], 'nothing is pushed yet');
    await quickInput.dismiss();
    assert.equal(await fakeGitea.manifest('team', 'app', '1'), undefined, 'who leaves the list pushes nothing');
    assert.deepEqual(await notifications.all(), []);
  });

  test('the page of an image with a path for a name opens by its address as it is written', async () => {
    const { page } = vscode;
    // Not 127.0.0.1: VS Code in a browser replaces that address by one of its port forwarding.
    const origin = 'https://gitea.localhost';
    const address = `${origin}/dev/-/packages/container/nested%2Fapp/1`;
    const opened = page.context().waitForEvent('request', (request) => request.url().includes('/-/packages/'));
    const tab = page.context().waitForEvent('page');
    await vscode.host.executeCommand('teaChest.registries.openInBrowser', {
      type: 'tag',
      connection: { origin, webRoot: origin, host: 'gitea.localhost', kind: 'gitea' },
      repository: 'dev/nested/app',
      tag: '1',
    });
    assert.equal((await opened).url(), address);
    await (await tab).close();
  });

  test('the + of the Registries view asks for an address, whichever row has the focus', async () => {
    const { quickInput, notifications } = vscode;
    await registries().row(fakeGitea.host).click();
    await registries().clickAction('Sign In to a Registry');
    await quickInput.waitFor('Sign In to a Registry (1/3)');
    await quickInput.dismiss();
    assert.deepEqual(await notifications.all(), []);
  });

  test('a registry that allows anonymous reads only can be signed in to when it refuses a push', async () => {
    const { quickInput, notifications } = vscode;
    const user = { username: 'writer', secret: 'pen & paper' };
    const registry = await startRegistry();
    const guarded = await protectWrites(registry, user);
    try {
      await vscode.host.executeCommand('teaChest.signIn', { url: guarded.origin, allowHttp: true });
      const reference = `${guarded.host}/app:1`;
      await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target: reference }));
      await notifications.click('not signed in', 'Sign In');
      await quickInput.waitFor('(1/3)');
      await quickInput.accept();
      await quickInput.waitFor('(2/3)');
      await quickInput.type(user.username);
      await quickInput.accept();
      await quickInput.waitFor('(3/3)');
      await quickInput.type(user.secret);
      await quickInput.accept();
      await isStored(await notifications.waitFor(`Pushed ${reference}`), 'app:1', user);
    } finally {
      await vscode.host.executeCommand('teaChest.signOut', { url: guarded.origin });
      await registries().row(guarded.host).waitFor({ state: 'detached' });
      await guarded.close();
      await registry.stop();
    }
  });

  test('signing out removes the registry from the view', async () => {
    const { page } = vscode;
    await registries().chooseFromMenu(fakeGitea.host, 'Sign Out');
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.locator('.monaco-button').filter({ hasText: 'Sign Out' }).click();
    assert.match(await registries().welcome(), /Sign in to Gitea/);
  });

  test('for an engine that has stopped the view says which one does not answer, and does not suggest to install one', async () => {
    await engine.stop();
    // While the engine stops, its connections break: that message comes first.
    const text = 'in the environment variable DOCKER_HOST or CONTAINER_HOST does not answer';
    await vscode.page.locator('.welcome-view-content').filter({ hasText: text }).first().waitFor();
    await vscode.screenshot('engine-stopped');
  });
});
