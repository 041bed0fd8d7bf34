import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, sizes, type BuiltImage } from '../tools/images.ts';
import { openVscode, type OpenVscodeOptions, type VscodeWindow } from './harness/openVscode.ts';

const password = 'dev pässword: with everything';
const dev = { username: 'dev', secret: password };
const mostClicks = 6;

/** What a new VS Code shows besides: its welcome page. */
const bare: OpenVscodeOptions = { settings: { 'workbench.startupEditor': 'welcomePage' } };

/** From a new VS Code, in which nobody is signed in, to the first image in a registry with a certificate of its own. */
suite('from zero', { timeout: 300_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let built: BuiltImage;

  before(async () => {
    [engine, puller, gitea] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
    ]);
    built = await buildImage(engine, { tags: ['shop/web:1.2'], layers: sizes.medium });
    await buildImage(engine, { tags: ['shop/api:1', 'shop/api:2'], layers: [{ megabytes: 1 }] });
  });

  after(async () => {
    await Promise.all([engine.stop(), puller.stop(), gitea.close()]);
  });

  async function trustCertificate({ page }: VscodeWindow): Promise<void> {
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Trust it?' });
    await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();
  }

  /** Waits for the message after the push, and asserts the clicks that the window counted until then. */
  async function pushed(t: TestContext, vscode: VscodeWindow, reference: string, startedAt: number): Promise<void> {
    await vscode.notifications.waitFor(`Pushed ${reference} in`);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const clicks = vscode.clicks.all();
    t.diagnostic(`from zero to the first push: ${clicks.length} clicks, ${seconds} s (${clicks.join(' · ')})`);
    assert.ok(clicks.length <= mostClicks, clicks.join('\n'));
    await checkStored({ reference, built, puller, credentials: dev });
  }

  test('the first push takes at most six clicks, with a certificate that nobody vouches for and a typed password', async (t) => {
    const vscode = await openVscode({ ...bare, env: { DOCKER_HOST: engine.host } });
    const startedAt = performance.now();
    try {
      const { quickInput, sideBar } = vscode;
      await vscode.screenshot('from-zero-1-window');
      await sideBar.open('Tea Chest');
      await sideBar.view('Images').row('shop/web:1.2').waitFor();
      await sideBar.view('Registries').welcome();
      await vscode.screenshot('from-zero-2-views');
      await sideBar.view('Images').clickButton('shop/web:1.2', 'Push to Registry…');
      await quickInput.waitFor(/First sign in to a registry|Sign In to a Registry/);
      await vscode.screenshot('from-zero-3-address');
      await quickInput.type(`dev@${gitea.host}`);
      await quickInput.accept();
      await vscode.page.locator('.monaco-dialog-box').waitFor();
      await vscode.screenshot('from-zero-4-certificate');
      await trustCertificate(vscode);
      await vscode.page.getByText(`password of dev on ${gitea.host}`).first().waitFor();
      await vscode.screenshot('from-zero-5-password');
      await quickInput.type(password);
      await quickInput.accept();
      const row = vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'dev is public' });
      await row.waitFor();
      await vscode.screenshot('from-zero-6-target');
      await quickInput.accept();
      await pushed(t, vscode, `${gitea.host}/dev/shop/web:1.2`, startedAt);
      await vscode.screenshot('from-zero-7-pushed');
    } finally {
      await vscode.close();
    }
  });
});
