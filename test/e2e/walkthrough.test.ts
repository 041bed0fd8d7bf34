import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, sizes, type BuiltImage } from '../tools/images.ts';
import { makeScratch } from '../tools/scratch.ts';
import { openVscode, type OpenVscodeOptions, type VscodeWindow } from './harness/openVscode.ts';

const password = 'dev pässword: with everything';
const dev = { username: 'dev', secret: password };
const mostClicks = 6;

/** Where an engine of this machine itself listens. */
const ownSockets = [
  '/var/run/docker.sock',
  '/run/podman/podman.sock',
  `/run/user/${process.getuid?.() ?? 0}/docker.sock`,
];

/** Other ways from a new VS Code to the first push than by the row of an image: `fromZero.test.ts` has that one. */
suite('the walkthrough and the empty views', { timeout: 300_000 }, () => {
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
  });

  after(async () => {
    await Promise.all([engine.stop(), puller.stop(), gitea.close()]);
  });

  const bare = (env: Readonly<Record<string, string>>): OpenVscodeOptions => ({
    ...{ env, settings: { 'workbench.startupEditor': 'welcomePage' } },
    // The authority of the registry's certificate, where docker and podman have it too.
    home: { [`.docker/certs.d/${gitea.host}/ca.crt`]: gitea.certificatePem ?? '' },
  });

  /** From the question for the registry to the message after the push, with the clicks that the window counted until then. */
  async function signInAndPush(t: TestContext, vscode: VscodeWindow, startedAt: number, from: string): Promise<void> {
    const { quickInput, notifications, page } = vscode;
    await quickInput.waitFor(/First sign in to a registry|Sign In to a Registry/);
    await quickInput.type(`dev@${gitea.host}`);
    await quickInput.accept();
    await page.getByText(`password of dev on ${gitea.host}`).first().waitFor();
    await quickInput.type(password);
    await quickInput.accept();
    await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'dev is public' }).waitFor();
    await quickInput.accept();
    const pushed = await notifications.waitFor(/Pushed .* in /);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const clicks = vscode.clicks.all();
    t.diagnostic(`${from} to the first push: ${clicks.length} clicks, ${seconds} s (${clicks.join(' · ')})`);
    assert.ok(clicks.length <= mostClicks, clicks.join('\n'));
    const [, reference = ''] = /Pushed (\S+) in /.exec(pushed) ?? [];
    assert.match(reference, /\/dev\/.*web:1\.2$/);
    await checkStored({ reference, built, puller, credentials: dev });
  }

  test('the card of the welcome page leads to the first push by the buttons of its steps', async (t) => {
    const vscode = await openVscode(bare({ DOCKER_HOST: engine.host }));
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
      await symlink(engine.host.replace('unix://', ''), join(runtime.path, 'docker.sock'));
      await images.row('shop/web:1.2').waitFor();
      await images.clickButton('shop/web:1.2', 'Push to Registry…');
      await signInAndPush(t, vscode, startedAt, 'from the view without an engine');
    } finally {
      await vscode.close();
      await runtime.remove();
    }
  });
});
