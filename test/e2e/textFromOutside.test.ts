import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';

import type { Locator } from 'playwright-core';

import type { Reply } from '../fakeGitea/http/reply.ts';
import { textReply } from '../fakeGitea/http/reply.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { changeAnswers, type ChangedAnswers } from '../tools/changedAnswers.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { canNameHosts } from '../tools/hostNames.ts';
import { loadImage } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** Texts of which VS Code makes a link, a second line, an icon, bold text or an image, unless they are escaped. */
const trap =
  '[click me](command:workbench.action.closeWindow)\n$(trash) \u202e**bold** <b>html</b> https://evil.test/x';

const asJson = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

/** Markdown makes a link of a word that begins with “www.” (GitHub Flavored Markdown, §6.9). */
const wwwName = 'www.gitea.test';

/** Texts of servers and engines in a real VS Code: they are shown as plain text without links. */
suite('text from outside', { timeout: 600_000 }, () => {
  let engine: Engine;
  let answers: ChangedAnswers;
  let gitea: FakeGitea;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, gitea] = await Promise.all([startPrivateEngine(), startFakeGitea({ tls: 'valid' })]);
    await loadImage(engine, { tags: ['app:1'], layers: [{ 'app/data': 'some data' }] });
    answers = await changeAnswers(engine);
    vscode = await openVscode({
      env: { DOCKER_HOST: answers.host },
      ...(canNameHosts() ? { hosts: { [wwwName]: '127.0.0.1' } } : {}),
    });
    await vscode.sideBar.open('Tea Chest');
    const { url, fingerprint256: trustFingerprint } = gitea;
    await vscode.host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint });
    await vscode.host.executeCommand('notifications.clearAll');
  });

  after(async () => {
    await vscode.close();
    await answers.close();
    await Promise.all([engine.stop(), gitea.close()]);
  });

  afterEach(async () => {
    gitea.faults.clear();
    answers.clear();
    await vscode.host.executeCommand('notifications.clearAll');
  });

  /** The hostile text is visible, and has no link, no icon and no bold text. */
  async function isPlain(shown: Locator, says: RegExp): Promise<void> {
    const text = await shown.innerText();
    assert.match(text, says);
    assert.doesNotMatch(text, /\u202e/);
    // The name of a row and a button are `a` elements without a target. One link is ours.
    const links = shown.locator('a:not(.label-name, .action-label, [href^="command:teaChest.showTroubleshooting?"])');
    assert.equal(await links.count(), 0, await shown.innerHTML());
    assert.equal(await shown.locator('.codicon-trash').count(), 0, await shown.innerHTML());
    assert.equal(await shown.locator('strong, b, img').count(), 0, await shown.innerHTML());
  }

  test('in the notification of a refused push', async () => {
    const target = `${gitea.host}/dev/app:1`;
    gitea.faults.add({
      method: 'PUT',
      path: /\/manifests\//,
      times: Infinity,
      action: { kind: 'answer', reply: textReply(403, trap) },
    });
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target }), /click me/);
    await vscode.notifications.waitFor('click me');
    const toast = vscode.page.locator('.notifications-toasts .notification-list-item-message');
    await isPlain(toast.filter({ hasText: 'click me' }), /click me.*evil\.test/);
    await vscode.screenshot('text-from-outside');
    // Our own link leads to the entry of the error.
    await toast.filter({ hasText: 'click me' }).getByText('More About This').click();
    await vscode.page.locator('.tab').filter({ hasText: 'Preview troubleshooting.md' }).waitFor();
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
  });

  test('under the box of the sign-in that a server refuses', async () => {
    const { quickInput, page } = vscode;
    gitea.faults.add({
      path: /\/v2\/token/,
      times: Infinity,
      action: { kind: 'answer', reply: textReply(400, trap) },
    });
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.type(gitea.url);
    await quickInput.accept();
    await quickInput.waitFor('(2/3)');
    await quickInput.type('dev');
    await quickInput.accept();
    await quickInput.waitFor('(3/3)');
    await quickInput.type(dev.secret);
    await quickInput.accept();
    await quickInput.message('click me');
    await isPlain(page.locator('.quick-input-widget:visible .quick-input-message'), /click me/);
    await quickInput.dismiss();
  });

  test('in a row of the Registries view that shows a failure, and its tooltip', async () => {
    const view = vscode.sideBar.view('Registries');
    gitea.faults.add({
      path: /\/api\/v1\/packages\/team/,
      times: Infinity,
      action: { kind: 'answer', reply: asJson(403, { message: trap }) },
    });
    await view.expand(gitea.host);
    await view.row(/^team/).waitFor();
    await view.expand(/^team/);
    const row = view.row('You may not see this');
    await row.waitFor();
    assert.match((await row.getAttribute('aria-label')) ?? '', /click me/);
    await looksPlain(row, 'click me');
  });

  test('in the rows and tooltips of the Registries view', async () => {
    const view = vscode.sideBar.view('Registries');
    const item = { type: 'container', owner: { login: 'dev' }, creator: { login: 'dev' }, html_url: trap };
    const created = new Date().toISOString();
    gitea.faults.add({
      path: /\/api\/v1\/packages\/dev(?!.*page=[2-9])/,
      times: Infinity,
      action: {
        kind: 'answer',
        reply: asJson(200, [
          { ...item, id: 1, name: 'app', version: '1', created_at: created },
          { ...item, id: 2, name: `x${trap}`, version: `v${trap}`, created_at: created },
        ]),
      },
    });
    await view.row(/^dev/).waitFor();
    await view.expand(/^dev/);
    await view.row('app').waitFor();
    // A package with an invalid name is not listed, and a note says so.
    await view.row('1 not shown').waitFor();
    assert.equal(await view.row('click me').count(), 0);
    await view.expand('app');
    await looksPlain(vscode.page.locator('[role="treeitem"][aria-label^="Tag "]'), '/dev/app:1');
  });

  test('in the notification of a push that the engine refuses', async () => {
    answers.change(/\/images\/app:1\/json/, () => ({ status: 500, body: { message: trap } }));
    const target = `${gitea.host}/dev/app:2`;
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target }), /click me/);
    await vscode.notifications.waitFor('click me');
    const toast = vscode.page.locator('.notifications-toasts .notification-list-item-message');
    await isPlain(toast.filter({ hasText: 'click me' }), /click me.*evil\.test/);
  });

  test('in the Images view and the list of images to push, whatever names the engine gives', async () => {
    const { quickInput, page } = vscode;
    answers.change(/\/images\/json/, ({ status, body }) => ({
      status,
      body: (body as readonly object[]).map((image) => ({ ...image, RepoTags: ['app:1', `odd ${trap}:1`] })),
    }));
    await vscode.host.executeCommand('teaChest.images.refresh');
    const row = vscode.sideBar.view('Images').row('odd');
    await row.waitFor();
    await isPlain(row.locator('.monaco-icon-label'), /click me/);
    await looksPlain(row, 'click me');
    await quickInput.runCommand('Tea Chest: Push Image…');
    await quickInput.waitFor('Which image?');
    const listed = page.locator('.quick-input-widget:visible .monaco-list-row').filter({ hasText: 'odd' });
    await listed.waitFor();
    await isPlain(listed, /click me.*evil\.test/);
    await vscode.screenshot('text-from-outside-list');
    await quickInput.dismiss();
    answers.clear();
    await vscode.host.executeCommand('teaChest.images.refresh');
    await row.waitFor({ state: 'detached' });
  });

  test(
    'in the status bar and its tooltip, a name that looks like an address',
    { skip: canNameHosts() ? false : 'this machine cannot give VS Code a name of its own' },
    async () => {
      const { page, host } = vscode;
      const named = `${wwwName}:${new URL(gitea.origin).port}`;
      const trustFingerprint = gitea.fingerprint256;
      await host.executeCommand('teaChest.signIn', { url: `https://${named}`, ...dev, trustFingerprint });
      const reached = new Promise<void>((resolve) => {
        gitea.faults.add({ method: 'PUT', path: /\/manifests\//, action: { kind: 'stall' }, onStrike: resolve });
      });
      const pushing = host.executeCommand('teaChest.pushImage', { image: 'app:1', target: `${named}/dev/www.app:3` });
      const ended = assert.rejects(pushing, /cancel/i);
      await reached;
      const item = page.locator('.statusbar-item[aria-label^="Push of "]');
      await item.waitFor();
      assert.match((await item.getAttribute('aria-label')) ?? '', new RegExp(`${wwwName}:\\d+/dev/www\\.app:3`));
      await looksPlain(item, `${named}/dev/www.app:3`);
      await vscode.notifications.click(/Pushing /, 'Cancel');
      await ended;
    },
  );

  /** VS Code shows no tooltip if the row is drawn anew under the mouse, as when its list is refreshed. */
  async function hoverUntilShown(shown: Locator, tooltip: Locator): Promise<void> {
    for (let tries = 1; ; tries++) {
      await shown.hover();
      try {
        await tooltip.waitFor({ timeout: 5000 });
        return;
      } catch (error) {
        if (tries === 5) throw error;
        await vscode.page.mouse.move(600, 300);
      }
    }
  }

  /** A row or an item of the status bar, and its tooltip, which must not be empty. */
  async function looksPlain(shown: Locator, says: string): Promise<void> {
    await shown.waitFor();
    assert.equal(await shown.locator('.codicon-trash').count(), 0, await shown.innerHTML());
    const hover = vscode.page.locator('.workbench-hover-container:visible, .monaco-hover:visible').first();
    await hoverUntilShown(shown, hover.filter({ hasText: says }));
    assert.equal(await hover.locator('a[href], a[data-href]').count(), 0, await hover.innerHTML());
    assert.equal(await hover.locator('.codicon-trash').count(), 0, await hover.innerHTML());
    // Away from the tooltip itself, which may be high.
    await vscode.page.mouse.move(1000, 650);
    await hover.waitFor({ state: 'hidden' });
  }
});
