import { after, before, suite, test, type TestContext } from 'node:test';

import { buildImage } from '../tools/images.ts';
import { dev } from '../unit/gitea/testClient.ts';
import { startFirstPushRig, type FirstPushRig } from './firstPush.ts';
import { openVscode, type OpenVscodeOptions, type VscodeWindow } from './harness/openVscode.ts';

/** What a new VS Code shows besides: its welcome page. */
const bare: OpenVscodeOptions = { settings: { 'workbench.startupEditor': 'welcomePage' } };

/** From a new VS Code, in which nobody is signed in, to the first image in a registry with a certificate of its own. */
suite('from zero', { timeout: 300_000 }, () => {
  let rig: FirstPushRig;

  before(async () => {
    rig = await startFirstPushRig();
    await buildImage(rig.engine, { tags: ['shop/api:1', 'shop/api:2'], layers: [{ megabytes: 1 }] });
  });

  after(async () => {
    await rig.close();
  });

  async function trustCertificate({ page }: VscodeWindow): Promise<void> {
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Trust it?' });
    await dialog.locator('.monaco-button').filter({ hasText: 'Trust This Certificate' }).click();
  }

  /** Waits for the message after the push, and asserts the clicks that the window counted until then. */
  async function pushed(t: TestContext, vscode: VscodeWindow, reference: string, startedAt: number): Promise<void> {
    await vscode.notifications.waitFor(`Pushed ${reference} in`);
    await rig.check(t, vscode, { from: 'from zero', startedAt, reference });
  }

  test('the first push takes at most six clicks, with a certificate that nobody vouches for and a typed password', async (t) => {
    const vscode = await openVscode({ ...bare, env: { DOCKER_HOST: rig.engine.host } });
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
      await quickInput.type(`dev@${rig.gitea.host}`);
      await quickInput.accept();
      await vscode.page.locator('.monaco-dialog-box').waitFor();
      await vscode.screenshot('from-zero-4-certificate');
      await trustCertificate(vscode);
      await vscode.page.getByText(`password of dev on ${rig.gitea.host}`).first().waitFor();
      await vscode.screenshot('from-zero-5-password');
      await quickInput.type(dev.secret);
      await quickInput.accept();
      const row = vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'dev is public' });
      await row.waitFor();
      await vscode.screenshot('from-zero-6-target');
      await quickInput.accept();
      await pushed(t, vscode, `${rig.gitea.host}/dev/shop/web:1.2`, startedAt);
      await vscode.screenshot('from-zero-7-pushed');
    } finally {
      await vscode.close();
    }
  });
});
