import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { planPage } from '../../src/host/pushPage/planPage.ts';
import { barLooks } from '../../src/webview/pushPage/protocol.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { textReply } from '../fakeGitea/http/reply.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage } from '../tools/images.ts';
import { projectRoot } from '../tools/projectPaths.ts';
import { patternsOf, recordBars, tryEverything, watchAnnouncements } from './pushPageScripts.ts';
import { openVscode, type Theme, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const several = ['alpha', 'beta', 'gamma'] as const;
const closing = 'If this window closes, the push stops and publishes nothing more.';
const themes: readonly Theme[] = ['light', 'hc-dark', 'hc-light', 'dark'];

/** The push page in a real VS Code: as the plan of a push, as the push itself, and as the picture of an image. */
suite('the push page', { timeout: 400_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let fakeGitea: FakeGitea;
  let vscode: VscodeWindow;
  let page: FrameLocator;
  /** What the browser says of the content security policies of the window’s documents. */
  let violations: string[] = [];

  before(async () => {
    [engine, puller, fakeGitea] = await Promise.all([startPrivateEngine(), startPrivateEngine(), startFakeGitea()]);
    const layers = [24_000_000, 9_000_000, 3_000_000, 400_000].map((size) => ({
      files: { [`part-${size}`]: randomBytes(size) },
    }));
    await buildImage(engine, { tags: ['base:1'], layers: layers.slice(0, 1) });
    await buildImage(engine, { tags: ['app:1'], layers: [...layers, { files: { config: 'small' } }] });
    const shared = { files: { shared: randomBytes(5_000_000) } };
    for (const name of several) {
      await buildImage(engine, { tags: [`${name}:1`], layers: [shared, { files: { [name]: randomBytes(300_000) } }] });
    }
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host }, settings: { 'teaChest.push.parallelBlobs': 1 } });
    page = vscode.webview.content;
    vscode.page.on('console', (message) => {
      // Chromium reports each violation, of every frame.
      if (message.text().includes('violates the following Content Security Policy directive'))
        violations.push(message.text());
    });
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

  test('shows the state of the smallest layer as well, and each state by a pattern of its own', async () => {
    await images().chooseFromMenu('app', 'Show Layers');
    await page.locator('.bar').nth(4).waitFor();
    const heights = await page
      .locator('body')
      .evaluate<number[], undefined>(
        "[...document.querySelectorAll('.bar')].map((bar) => bar.clientHeight)",
        undefined,
      );
    assert.ok(Math.min(...heights) >= 2, `pixels inside of the borders: ${heights.join()}`);
    const looks = barLooks.filter((look) => look !== 'size');
    const patterns = await page.locator('body').evaluate<string[], string>(patternsOf(looks), '');
    assert.equal(new Set(patterns).size, looks.length, patterns.join('\n'));
    await closePages();
  });

  test('lets nothing run or load that is not ours', async () => {
    await images().chooseFromMenu('app', 'Show Layers');
    await page.locator('tbody tr').nth(4).waitFor();
    assert.deepEqual(violations, [], 'our own page has violated nothing');
    const blocked = await page.locator('body').evaluate<string[], string>(tryEverything, '');
    assert.deepEqual(blocked.toSorted(), ['connect-src', 'img-src', 'script-src-elem', 'style-src-elem']);
    assert.equal(await page.locator('body').evaluate<unknown, string>('window.hasRunInline', ''), undefined);
    while (violations.length < blocked.length) await vscode.page.evaluate('1');
    assert.equal(violations.length, blocked.length, violations.join('\n'));
    violations = [];
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

  test('shows several images with the layer that they share once, before they are pushed and while they are', async () => {
    const { quickInput } = vscode;
    await images().row(several[0]).click();
    for (const name of several.slice(1))
      await images()
        .row(name)
        .click({ modifiers: ['ControlOrMeta'] });
    await images().chooseFromMenu('beta', 'Preview Push…');
    await quickInput.waitFor(/3 Images/);
    await quickInput.pick('dev');
    const row = vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: '/dev/gamma:1' });
    await row.waitFor();
    await vscode.page.keyboard.press('Enter');
    await page.locator('.status').filter({ hasText: 'Would send: at most about 5.9 MB' }).waitFor();
    assert.deepEqual(
      await page.locator('.image h2').allInnerTexts(),
      several.map((name) => `${name}:1 to ${fakeGitea.host}/dev/${name}:1`),
    );
    const [first, ...others] = ['known once it is compressed', 'sent with an image above', 'sent with an image above'];
    assert.deepEqual(
      await states(),
      [first, ...others].flatMap((shared) => [shared, 'known once it is compressed']),
    );
    await isAccessible('page-several');

    fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'stall', afterBytes: 1_000_000 } });
    await page.getByRole('button', { name: 'Push', exact: true }).click();
    // After an earlier push to this public owner there is no question.
    const question = vscode.page.locator('.monaco-dialog-box').filter({ hasText: 'dev on' });
    const cancel = page.getByRole('button', { name: 'Cancel Push' });
    while ((await question.count()) + (await cancel.count()) === 0) await vscode.page.evaluate('1');
    if (await question.isVisible()) await question.locator('.monaco-button').filter({ hasText: 'Push' }).click();
    await page
      .locator('td.state')
      .filter({ hasText: /^sending/ })
      .first()
      .waitFor();
    await page.locator('.notice').filter({ hasText: closing }).waitFor();
    const item = vscode.page
      .locator('.statusbar-item')
      .filter({ has: vscode.page.locator('[aria-label^="Push of 3"]') });
    await item.hover();
    await vscode.page.locator('.monaco-hover:visible').filter({ hasText: closing }).waitFor();
    await vscode.screenshot('page-several-status-bar');
    await page.locator('h1').click();
    await isAccessible('page-several-running');
    await cancel.click();
    await page.locator('.status').filter({ hasText: 'Cancelled' }).waitFor();
    fakeGitea.faults.clear();

    const reply = textReply(403, 'the tag is protected');
    fakeGitea.faults.add({ method: 'PUT', path: /beta\/manifests/, times: 1, action: { kind: 'answer', reply } });
    await page.getByRole('button', { name: 'Push Again' }).click();
    await page.locator('.status').filter({ hasText: 'Failed' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Show Error and Help' }).count(), 1, 'one image has failed');
    await isAccessible('page-several-failed');
    await vscode.host.executeCommand('notifications.clearAll');
    const failed = page.getByRole('region', { name: /^beta:1 to/ });
    await failed.getByRole('button', { name: 'Show Error and Help' }).click();
    await vscode.notifications.waitFor(/Push of beta:1 to dev\/beta:1 failed: .*the tag is protected/);
    await page.getByRole('button', { name: 'Push Again' }).click();
    await page.locator('.status').filter({ hasText: 'Pushed' }).waitFor();
    for (const name of several) {
      const built = await inspectImage(engine, `${name}:1`);
      await checkStored({ reference: `${fakeGitea.host}/dev/${name}:1`, built, puller, credentials: dev });
    }
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

  test('has buttons for an error of a preview: what helps, and its entry in the troubleshooting page', async () => {
    const { host, notifications, quickInput } = vscode;
    await images().chooseFromMenu('base', 'Preview Push…');
    await quickInput.waitFor(/Where should/);
    await quickInput.pick(`${fakeGitea.host}/dev/base:1`);
    await page.locator('.status').filter({ hasText: 'There already' }).waitFor();
    await host.executeCommand('teaChest.signOut', { url: fakeGitea.origin });
    await page.getByRole('button', { name: 'Plan Again' }).click();
    await page.locator('.status').filter({ hasText: 'The push would fail' }).waitFor();
    await isAccessible('page-plan-failed');
    await host.executeCommand('notifications.clearAll');
    await page.getByRole('button', { name: 'Show Error and Help' }).click();
    const text = await notifications.waitFor(/Push of base:1 would fail: You are not signed in to/);
    assert.match(text, /More About This$/);
    assert.ok((await notifications.buttonsOf(text)).includes('Sign In'));
    await vscode.screenshot('page-plan-failed-message');
    await vscode.page.locator('.notification-list-item').getByText('More About This').click();
    await page.locator('#notsignedin').waitFor();
    await vscode.screenshot('page-plan-failed-help');
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
    assert.deepEqual(violations, [], 'no page of this suite has violated its policy');
  });

  test('says its first state in an element that a screen reader watches already', async () => {
    // The page alone, with what the extension sends: VS Code shows it only when it is there.
    const alone = await vscode.page.context().newPage();
    await alone.setContent('<body></body>');
    await alone.evaluate(watchAnnouncements);
    await alone.addScriptTag({ path: join(projectRoot, 'dist', 'pushPage.js') });
    const shown = planPage([{ image: 'app:1', target: 'gitea.test/dev/app:1' }], { kind: 'asking' });
    await alone.evaluate(`window.postMessage(${JSON.stringify({ type: 'page', page: shown, source: {} })})`);
    await alone.waitForFunction('window.announced.length > 0');
    assert.deepEqual(await alone.evaluate('window.announced'), [
      'Preview of the push of app:1: Asking the engine and the registry.',
    ]);
    await alone.close();
  });
});
