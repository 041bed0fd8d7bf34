import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';

import type { Locator } from 'playwright-core';

import type { Reply } from '../standin/http/reply.ts';
import { textReply } from '../standin/http/reply.ts';
import { startStandin, type Standin } from '../standin/standin.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { loadImage } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** What VS Code makes a link, an icon, bold text or a picture of where a text is not made plain before. */
const trap = '[click me](command:workbench.action.closeWindow) $(trash) **bold** <b>html</b> https://evil.test/x';

const asJson = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

/** Words of a server, shown by a real VS Code: they are read, and cannot be clicked. */
suite('text from outside', { timeout: 600_000 }, () => {
  let engine: Engine;
  let gitea: Standin;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, gitea] = await Promise.all([startPrivateEngine(), startStandin({ tls: 'valid' })]);
    await loadImage(engine, { tags: ['app:1'], layers: [{ 'app/data': 'some data' }] });
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host } });
    await vscode.sideBar.open('Tea Chest');
    const { url, fingerprint256: trustFingerprint } = gitea;
    await vscode.host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint });
    await vscode.host.executeCommand('notifications.clearAll');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), gitea.close()]);
  });

  afterEach(async () => {
    gitea.faults.clear();
    await vscode.host.executeCommand('notifications.clearAll');
  });

  /** It says the words of the trap, and nothing in it is a link, an icon of the server's, or bold. */
  async function isPlain(shown: Locator, says: RegExp): Promise<void> {
    assert.match(await shown.innerText(), says);
    assert.equal(await shown.locator('a').count(), 0, await shown.innerHTML());
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

  test('in a row of the Registries view that tells of a failure, and its tooltip', async () => {
    const view = vscode.sideBar.view('Registries');
    gitea.faults.add({
      path: /\/api\/v1\/packages\/team/,
      times: Infinity,
      action: { kind: 'answer', reply: asJson(403, { message: trap }) },
    });
    await view.expand(gitea.host);
    await view.row(/^team/).waitFor();
    await view.expand(/^team/);
    await looksPlain(view.row('click me'));
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
    const odd = view.row('click me');
    if ((await odd.count()) > 0) await looksPlain(odd);
    await view.expand('app');
    await looksPlain(view.row(/^1/));
  });

  /** A row and its tooltip. */
  async function looksPlain(row: Locator): Promise<void> {
    await row.waitFor();
    assert.equal(await row.locator('.monaco-highlighted-label .codicon, .label-name .codicon').count(), 0);
    await row.hover();
    const hover = vscode.page.locator('.workbench-hover-container:visible, .monaco-hover:visible').first();
    await hover.waitFor();
    assert.equal(await hover.locator('a').count(), 0, await hover.innerHTML());
    assert.equal(await hover.locator('.codicon-trash').count(), 0, await hover.innerHTML());
    await vscode.page.mouse.move(600, 300);
    await hover.waitFor({ state: 'hidden' });
  }
});
