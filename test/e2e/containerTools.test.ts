import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage } from '../tools/images.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { pushImage, pushIndex } from '../unit/gitea/pushContent.ts';
import { clientFor, dev, type TestClient } from '../unit/gitea/testClient.ts';
import { bundleContainerTools } from './harness/bundle.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

/** By hand in the views of Container Tools, whose contract an extension of our own hosts (`containerTools/`). */
suite('Gitea in Container Tools', { timeout: 300_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let fakeGitea: FakeGitea;
  let client: TestClient;
  let dockerConfig: Scratch;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, fakeGitea, dockerConfig] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea(),
      makeScratch('docker-config'),
    ]);
    client = clientFor(fakeGitea.url, { credential: dev });
    await buildImage(engine, { tags: ['shop/api:1'], layers: [{ files: { api: randomBytes(200_000) } }] });
    // Nothing was pushed of this name, so the first push asks for everything.
    await engine.docker(['tag', 'shop/api:1', 'shop/cart:1']);
    const children = [
      await pushImage(client, 'team/shop/web', ['amd64']),
      await pushImage(client, 'team/shop/web', []),
    ];
    await pushIndex(client, 'team/shop/web', 'multi', children);
    await pushImage(client, 'team/shop/web', ['1.0', 'same'], { layerSize: 70_000 });
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host, DOCKER_CONFIG: dockerConfig.path },
      otherExtensions: [await bundleContainerTools()],
    });
    await vscode.sideBar.open('Containers');
  });
  after(async () => {
    await vscode.close();
    await client.close();
    await Promise.all([fakeGitea.close(), engine.stop(), puller.stop(), dockerConfig.remove()]);
  });
  afterEach(async () => {
    await vscode.host.executeCommand('notifications.clearAll');
    // The tooltip of the row under the pointer would cover others.
    await vscode.page.mouse.move(800, 300);
  });

  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');
  const images = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Images');

  async function answer(question: string | RegExp, button: string): Promise<string> {
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: question });
    await dialog.waitFor();
    const text = await dialog.innerText();
    await dialog.locator('.monaco-button').filter({ hasText: button }).click();
    await dialog.waitFor({ state: 'detached' });
    return text;
  }

  /** What docker's client has kept for the registry. */
  async function keptLogin(): Promise<string | undefined> {
    const text = await readFile(join(dockerConfig.path, 'config.json'), 'utf8').catch(() => '{}');
    const { auths } = JSON.parse(text) as { readonly auths?: Readonly<Record<string, { readonly auth?: string }>> };
    const auth = auths?.[fakeGitea.host]?.auth;
    return auth === undefined ? undefined : Buffer.from(auth, 'base64').toString();
  }

  test('is connected by its menu, and shows registry, owners, images and tags', async () => {
    const { quickInput } = vscode;
    // Container Tools has activated us, without a sign-in so far.
    await vscode.host.executeCommand('teaChest.signIn', { url: fakeGitea.url, ...dev, allowHttp: true });
    // We see within a second that Container Tools is active.
    for (;;) {
      await registries().clickAction('Connect Registry');
      await quickInput.waitFor('Select a registry provider');
      if ((await quickInput.rows()).length > 0) break;
      await quickInput.dismiss();
      await quickInput.gone();
    }
    await vscode.screenshot('container-tools-connect');
    assert.deepEqual(await quickInput.rows(), ['Gitea, by Tea Chest']);
    await quickInput.pick('Gitea');
    await registries().expand(/^Gitea/);
    await registries().expand(fakeGitea.host);
    await registries().expand(/^teampublic$/);
    await registries().expand('shop/web');
    await registries().row(/^1\.0/).filter({ hasText: '70.2 kB · linux/amd64' }).waitFor();
    await registries()
      .row(/^multi/)
      .filter({ hasText: '2 platforms' })
      .waitFor();
    await vscode.screenshot('container-tools-tags');
    assert.deepEqual(await registries().menuOf(/^1\.0/), [
      'Pull Image',
      'Copy Full Tag',
      'Copy Image Digest',
      'Inspect Manifest',
      'Delete Image...',
    ]);
    assert.deepEqual(await registries().menuOf(/^Gitea/), ['Disconnect']);
  });

  test('gives its login for a pull, after a question, to the engine’s own client', async () => {
    const reference = `${fakeGitea.host}/team/shop/api:2`;
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'shop/api:1', target: reference });
    const built = await inspectImage(engine, 'shop/api:1');
    await registries().expand('shop/api');
    await registries().row(/^2/).waitFor();
    await registries().chooseFromMenu(/^2/, 'Pull Image');
    const question = `Container Tools wants to use your login for ${fakeGitea.host}.`;
    await vscode.page.locator('.monaco-dialog-box').filter({ hasText: question }).waitFor();
    await vscode.screenshot('container-tools-consent');
    await answer(question, 'Cancel');
    assert.equal(await keptLogin(), undefined);
    await registries().chooseFromMenu(/^2/, 'Pull Image');
    assert.ok(!(await answer(question, 'Share Login')).includes(dev.secret));
    await vscode.notifications.waitFor(`Pulled ${reference}`);
    assert.equal(await keptLogin(), `${dev.username}:${dev.secret}`);
    assert.equal((await inspectImage(engine, reference)).configDigest, built.configDigest);
    await vscode.host.executeCommand('notifications.clearAll');
    await registries().chooseFromMenu(/^2/, 'Pull Image');
    await vscode.notifications.waitFor(`Pulled ${reference}`);
    await vscode.quickInput.runCommand('Tea Chest: Stop Sharing Logins with Container Tools');
    await vscode.notifications.waitFor('gets no login from Tea Chest any more');
    await registries().chooseFromMenu(/^2/, 'Pull Image');
    await answer(question, 'Cancel');
  });

  test('copies references, and shows manifests', async () => {
    await registries().chooseFromMenu(/^1\.0/, 'Copy Full Tag');
    const expected = `${fakeGitea.host}/team/shop/web:1.0`;
    await vscode.page.waitForFunction(
      `navigator.clipboard.readText().then((text) => text === ${JSON.stringify(expected)})`,
    );
    await registries().chooseFromMenu(/^1\.0/, 'Inspect Manifest');
    await vscode.page.locator('.monaco-editor').filter({ hasText: 'schemaVersion' }).waitFor();
    await vscode.host.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  test('deletes a tag alone, and asks once more before an index is broken', async () => {
    await registries().chooseFromMenu(/^amd64/, 'Delete Image...');
    await answer('delete image "team/shop/web:amd64"', 'Delete');
    const text = await answer('Delete the tag', 'Cancel');
    assert.match(text, /team\/shop\/web:multi is an index that needs it/);
    assert.deepEqual(fakeGitea.tags('team', 'shop/web'), ['1.0', 'amd64', 'multi', 'same']);
    await registries().chooseFromMenu(/^1\.0/, 'Delete Image...');
    await answer('delete image "team/shop/web:1.0"', 'Delete');
    await vscode.notifications.waitFor('Successfully deleted image "team/shop/web:1.0"');
    assert.deepEqual(fakeGitea.tags('team', 'shop/web'), ['amd64', 'multi', 'same']);
    await registries().row(/^1\.0/).waitFor({ state: 'detached' });
  });

  test('gets an image from the menu of its row', async () => {
    const { quickInput, notifications, page } = vscode;
    await images().expand('shop/cart');
    assert.deepEqual(await images().menuOf(/^1$/), ['Run', 'Push...', 'Push Image to Gitea…', 'Tag...']);
    await images().row(/^1$/).click({ button: 'right' });
    await page.locator('.monaco-menu').last().waitFor();
    await vscode.screenshot('container-tools-image-menu');
    await page.keyboard.press('Escape');
    await images().chooseFromMenu(/^1$/, 'Push Image to Gitea…');
    await quickInput.changePart('Owner');
    await quickInput.waitFor(/Which owner/);
    await quickInput.type('dev');
    await quickInput.accept();
    await quickInput.changePart('Name');
    await quickInput.type('shop/cart');
    await quickInput.accept();
    await quickInput.waitFor(/Where should/);
    await quickInput.accept();
    await notifications.waitFor('dev/shop/cart:1');
    await checkStored({
      reference: `${fakeGitea.host}/dev/shop/cart:1`,
      built: await inspectImage(engine, 'shop/cart:1'),
      puller,
      credentials: dev,
    });
    await registries().expand(/^devpublic$/);
    await registries()
      .row(/^shop\/cart/)
      .first()
      .waitFor();
  });

  test('is disconnected, and is there again when it is connected', async () => {
    await registries().chooseFromMenu(/^Gitea/, 'Disconnect');
    await registries()
      .row(/^Gitea/)
      .waitFor({ state: 'detached' });
    await registries().clickAction('Connect Registry');
    await vscode.quickInput.pick('Gitea');
    await registries()
      .row(/^Gitea/)
      .waitFor();
    await vscode.host.executeCommand('workbench.action.toggleLightDarkThemes');
    await registries().expand(/^Gitea/);
    await registries().row(fakeGitea.host).waitFor();
    await vscode.screenshot('container-tools-light');
  });
});
