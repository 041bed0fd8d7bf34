import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';

import { makeScratch } from '../tools/scratch.ts';
import { dev } from '../unit/gitea/testClient.ts';
import { startFirstPushRig, type FirstPushRig } from './firstPush.ts';
import { openVscode, type OpenVscodeOptions, type VscodeWindow } from './harness/openVscode.ts';

/** Where an engine of this machine itself listens. */
const ownSockets = [
  '/var/run/docker.sock',
  '/run/podman/podman.sock',
  `/run/user/${process.getuid?.() ?? 0}/docker.sock`,
];

/** Other ways from a new VS Code to the first push than by the row of an image: `fromZero.test.ts` has that one. */
suite('the walkthrough and the empty views', { timeout: 300_000 }, () => {
  let rig: FirstPushRig;

  before(async () => {
    rig = await startFirstPushRig();
  });

  after(async () => {
    await rig.close();
  });

  const bare = (env: Readonly<Record<string, string>>): OpenVscodeOptions => ({
    ...{ env, settings: { 'workbench.startupEditor': 'welcomePage' } },
    // The authority of the registry's certificate, where docker and podman have it too.
    home: { [`.docker/certs.d/${rig.gitea.host}/ca.crt`]: rig.gitea.certificatePem ?? '' },
  });

  /** From the question for the registry to the message after the push, with the clicks that the window counted until then. */
  async function signInAndPush(t: TestContext, vscode: VscodeWindow, startedAt: number, from: string): Promise<void> {
    const { quickInput, notifications, page } = vscode;
    await quickInput.waitFor(/First sign in to a registry|Sign In to a Registry/);
    await quickInput.type(`dev@${rig.gitea.host}`);
    await quickInput.accept();
    await page.getByText(`password of dev on ${rig.gitea.host}`).first().waitFor();
    await quickInput.type(dev.secret);
    await quickInput.accept();
    await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'dev is public' }).waitFor();
    await quickInput.accept();
    const pushed = await notifications.waitFor(/Pushed .* in /);
    const [, reference = ''] = /Pushed (\S+) in /.exec(pushed) ?? [];
    assert.match(reference, /\/dev\/.*web:1\.2$/);
    await rig.check(t, vscode, { from, startedAt, reference });
  }

  test('the card of the welcome page leads to the first push by the buttons of its steps', async (t) => {
    const vscode = await openVscode(bare({ DOCKER_HOST: rig.engine.host }));
    const startedAt = performance.now();
    try {
      const { page, sideBar } = vscode;
      const card = page
        .locator('.getting-started-category')
        .filter({ hasText: 'Push Your First Image with Tea Chest' });
      await card.waitFor();
      await vscode.screenshot('walkthrough-1-welcome');
      await card.click();
      const step = page.locator('.getting-started-step.expanded');
      await step.waitFor();
      await vscode.screenshot('walkthrough-2-steps');
      await step.locator('.monaco-button').filter({ hasText: 'Show Images' }).click();
      await sideBar.view('Images').row('shop/web:1.2').waitFor();
      await vscode.screenshot('walkthrough-3-images');
      await sideBar.view('Images').clickButton('shop/web:1.2', 'Push to Registry…');
      await signInAndPush(t, vscode, startedAt, 'from the walkthrough');
      await vscode.screenshot('walkthrough-4-pushed');
      const look = page.locator(
        '.getting-started-step[data-step-id$="#registries"] .codicon-getting-started-step-checked',
      );
      assert.equal(await look.count(), 0, 'the Registries view was open, but nobody has asked for it');
      for (const done of ['engine', 'signIn', 'push'])
        await page
          .locator(`.getting-started-step[data-step-id$="#${done}"] .codicon-getting-started-step-checked`)
          .waitFor();
    } finally {
      await vscode.close();
    }
  });

  test('an empty view says that there is no engine, and finds the one that is started then', async (t) => {
    const own = ownSockets.find((socket) => existsSync(socket));
    if (own !== undefined) {
      t.skip(`this machine has an engine at ${own}: it would be found`);
      return;
    }
    const runtime = await makeScratch('runtime');
    const vscode = await openVscode(bare({ DOCKER_HOST: '', DOCKER_CONTEXT: '', XDG_RUNTIME_DIR: runtime.path }));
    const startedAt = performance.now();
    try {
      const { sideBar } = vscode;
      await sideBar.open('Tea Chest');
      const images = sideBar.view('Images');
      assert.match(await images.welcome(), /No container engine was found on this machine/);
      await vscode.screenshot('no-engine');
      // As rootless docker does when it starts.
      await symlink(rig.engine.host.replace('unix://', ''), join(runtime.path, 'docker.sock'));
      await images.row('shop/web:1.2').waitFor();
      await images.clickButton('shop/web:1.2', 'Push to Registry…');
      await signInAndPush(t, vscode, startedAt, 'from the view without an engine');
    } finally {
      await vscode.close();
      await runtime.remove();
    }
  });
});
