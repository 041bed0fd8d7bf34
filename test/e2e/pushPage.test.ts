import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage } from '../tools/images.ts';
import { openVscode, type Theme, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const themes: readonly Theme[] = ['light', 'hc-dark', 'hc-light', 'dark'];

/** Records how far all bars of the page are filled, at each change; gives the different values so far. */
async function recordBars(page: FrameLocator): Promise<() => Promise<readonly number[]>> {
  const body = page.locator('body');
  // Source text: these tests are compiled without the types of a browser.
  await body.evaluate(`(() => {
    const seen = (window.seenHeights = new Set());
    const record = () => {
      const bars = [...document.querySelectorAll('.block')];
      seen.add(bars.reduce((sum, bar) => sum + Number(bar.getAttribute('data-filled')), 0));
    };
    record();
    new MutationObserver(record).observe(document.body, { subtree: true, childList: true, attributes: true });
  })()`);
  return () => body.evaluate<readonly number[], undefined>('[...window.seenHeights]', undefined);
}

/** The push page in a real VS Code: as the plan of a push, as the push itself, and as the picture of an image. */
suite('the push page', { timeout: 400_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let fakeGitea: FakeGitea;
  let vscode: VscodeWindow;
  let page: FrameLocator;

  before(async () => {
    [engine, puller, fakeGitea] = await Promise.all([startPrivateEngine(), startPrivateEngine(), startFakeGitea()]);
    const layers = [24_000_000, 9_000_000, 3_000_000, 400_000].map((size) => ({
      files: { [`part-${size}`]: randomBytes(size) },
    }));
    await buildImage(engine, { tags: ['base:1'], layers: layers.slice(0, 1) });
    await buildImage(engine, { tags: ['app:1'], layers: [...layers, { files: { config: 'small' } }] });
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host }, settings: { 'teaChest.push.parallelBlobs': 1 } });
    page = vscode.webview.content;
    await vscode.host.executeCommand('teaChest.signIn', { url: fakeGitea.origin, allowHttp: true, ...dev });
    await vscode.sideBar.open('Tea Chest');
  });
  after(async () => {
    await vscode.close();
    await Promise.all([fakeGitea.close(), engine.stop(), puller.stop()]);
  });
  afterEach(async () => {
    fakeGitea.faults.clear();
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const images = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Images');

  async function closePages(): Promise<void> {
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
    await vscode.page.locator('iframe.webview').waitFor({ state: 'detached' });
  }

  const states = (): Promise<string[]> => page.locator('td.state').allInnerTexts();

  /** Draws the page in all themes, and looks for what a person without a mouse or with bad eyes would stumble over. */
  async function isAccessible(name: string): Promise<void> {
    for (const theme of themes) {
      await vscode.useTheme(theme);
      await page
        .locator(`body.${theme === 'dark' || theme === 'light' ? `vscode-${theme}` : 'vscode-high-contrast'}`)
        .waitFor();
      await vscode.screenshot(`${name}-${theme}`);
      assert.deepEqual(await vscode.webview.accessibilityProblems(), [], `${name} in ${theme}`);
    }
  }

  test('shows which layers make an image large, without a registry', async () => {
    await images().chooseFromMenu('app', 'Show Layers');
    await page.locator('h1').filter({ hasText: 'app:1' }).waitFor();
    await page.locator('tbody tr').nth(4).waitFor();
    assert.match(await page.locator('.status').innerText(), /^36\.\d MB; the largest layer is number 1, with 66%$/);
    await isAccessible('page-layers');
    await closePages();
  });

  test('before a push says what it would send, and asks the registry nothing that changes it', async () => {
    const { quickInput } = vscode;
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'base:1', target: `${fakeGitea.host}/dev/base:1` });
    fakeGitea.clearRequests();
    await images().chooseFromMenu('app', 'Preview Push…');
    await quickInput.waitFor(/Where should/);
    await quickInput.pick(`${fakeGitea.host}/dev/app:1`);
    await page.locator('.status').filter({ hasText: 'Would send: at most about 12.4 MB' }).waitFor();
    assert.deepEqual(await states(), [
      'would be mounted from dev/base',
      ...Array.from({ length: 4 }, () => 'known once it is compressed'),
    ]);
    assert.match(await page.locator('.notice').innerText(), /its owner is public/);
    const changing = fakeGitea.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    assert.deepEqual(
      changing.map(({ method, path }) => `${method} ${path}`),
      [],
    );
    assert.deepEqual(fakeGitea.tags('dev', 'app'), []);
    await isAccessible('page-plan');
  });

  test('is begun there by keyboard, fills as bytes go, and ends with the registry’s own numbers', async () => {
    const { keyboard } = vscode.page;
    fakeGitea.clearRequests();
    fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 1_500 } });
    await page.getByRole('button', { name: 'Push', exact: true }).focus();
    await keyboard.press('Enter');
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: 'dev on' });
    await dialog.locator('.monaco-button').filter({ hasText: 'Push' }).click();

    await page
      .locator('.kicker')
      .filter({ hasText: /^Push$/ })
      .waitFor();
    const first = page.locator('tbody tr').first();
    await first.filter({ hasText: 'mounted' }).waitFor();
    await first.evaluate((row) => {
      (row as unknown as { isTheSame: boolean }).isTheSame = true;
    });
    const bars = await recordBars(page);
    let shot = false;
    for (;;) {
      const sending = page.locator('td.state').filter({ hasText: /^sending/ });
      if (!shot && (await sending.count()) > 0 && ((await bars()).at(-1) ?? 0) > 0.5) {
        await vscode.screenshot('page-push-dark');
        assert.deepEqual(await vscode.webview.accessibilityProblems(), [], 'while it is pushed');
        shot = true;
      }
      if ((await page.locator('.status').innerText()) === 'Pushed') break;
    }
    const values = await bars();
    assert.deepEqual(
      values,
      values.toSorted((one, other) => one - other),
      'the bars only grow',
    );
    assert.ok(values.length >= 3, `${values.length} different heights were seen: none between the first and the last`);
    assert.ok(shot, 'a layer was seen while it was sent');
    assert.equal(
      await first.evaluate((row) => (row as unknown as { isTheSame?: boolean }).isTheSame),
      true,
      'the row is changed, and not replaced',
    );

    const blobs = fakeGitea.requests.filter(({ path }) => path.includes('/blobs/'));
    const received = blobs.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
    assert.ok(received > 12_000_000, `${received}`);
    const bytes = await page
      .locator('.fact')
      .filter({ hasText: /^Bytes/ })
      .locator('dd')
      .innerText();
    assert.equal(bytes, `${(received / 1e6).toFixed(1)} MB sent, 24.0 MB mounted`);
    const built = await inspectImage(engine, 'app:1');
    await checkStored({ reference: `${fakeGitea.host}/dev/app:1`, built, puller, credentials: dev });
    await isAccessible('page-pushed');
  });

  test('offers the digest, and is there again after the window was reloaded', async () => {
    const digest = await page.locator('.fact').filter({ hasText: 'Digest' }).locator('dd').innerText();
    const manifest = await fakeGitea.manifest('dev', 'app', '1');
    assert.equal(digest, manifest?.digest);
    await page.getByRole('button', { name: 'Copy Digest' }).focus();
    await vscode.page.keyboard.press('Enter');
    await vscode.page.waitForFunction(`navigator.clipboard.readText().then((text) => text === '${digest}')`);
    await vscode.page.reload();
    await page.locator('.status').filter({ hasText: 'Pushed' }).waitFor();
    await page.locator('h1').filter({ hasText: 'app:1' }).waitFor();
    await vscode.host.describe();
    // Such a server does not keep secrets.
    await vscode.host.executeCommand('teaChest.signIn', { url: fakeGitea.origin, allowHttp: true, ...dev });
    await closePages();
  });

  test('opens from the Pushes view, and says why a push failed and what to do', async () => {
    const target = `${fakeGitea.host}/readers/app:1`;
    const message = '<img src="x" onerror="alert(1)"> is <b>denied</b>';
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    const reply = { status: 403, headers: { 'content-type': 'application/json' }, body };
    fakeGitea.faults.add({ method: 'POST', times: Infinity, action: { kind: 'answer', reply } });
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target }));
    await vscode.host.executeCommand('notifications.clearAll');
    await vscode.sideBar.view('Pushes').open();
    await vscode.sideBar.view('Pushes').chooseFromMenu('readers/app', 'Show Push Details');
    await page.locator('.status').filter({ hasText: 'Failed' }).waitFor();
    const notice = await page.locator('.notice.tone-error').innerText();
    assert.ok(notice.includes(message), notice);
    assert.equal(await page.locator('img, b').count(), 0, 'a text of the registry is no HTML');
    const policy = await page.locator('meta[http-equiv]').getAttribute('content');
    assert.match(policy ?? '', /^default-src 'none'; style-src [^;]*; script-src 'nonce-[^']{20,}'$/);
    assert.doesNotMatch(policy ?? '', /unsafe/);
    await isAccessible('page-failed');
    await closePages();
  });

  test('comes first where a person wants that, and a push by arguments begins at once', async () => {
    const { quickInput, notifications } = vscode;
    await vscode.host.configure('teaChest.push.preview', 'always');
    await images().row('app').click();
    await vscode.page.keyboard.press('Control+Enter');
    await quickInput.pick(`${fakeGitea.host}/dev/app:1`);
    await page.locator('.status').filter({ hasText: 'There already: a push would change nothing' }).waitFor();
    await vscode.screenshot('page-plan-unchanged');
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target: `${fakeGitea.host}/dev/app:2` });
    await notifications.waitFor(/Pushed /);
    await notifications.click(/Pushed /, 'Show Details');
    await page
      .locator('.subtitle')
      .filter({ hasText: `to ${fakeGitea.host}/dev/app:2` })
      .waitFor();
    await vscode.host.configure('teaChest.push.preview', undefined);
    await closePages();
  });
});
