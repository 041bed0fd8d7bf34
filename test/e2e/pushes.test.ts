import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import type { PushResult } from '../../src/core/push/pushEvents.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { textReply } from '../fakeGitea/http/reply.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage } from '../tools/images.ts';
import { startPacedProxy, type PacedProxy } from '../tools/pacedProxy.ts';
import { copyBySkopeo } from '../tools/verifyPull.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** The Pushes view in a real VS Code, by mouse and keyboard, with a real engine and a registry that is slow on demand. */
suite('the Pushes view', { timeout: 420_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let paced: PacedProxy;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, gitea] = await Promise.all([startPrivateEngine(), startPrivateEngine(), startFakeGitea()]);
    const base = { files: { base: randomBytes(20_000_000) } };
    for (const version of ['1', '2']) {
      const own = { files: { [`app${version}`]: randomBytes(300_000) } };
      await buildImage(engine, { tags: [`app:${version}`], layers: [base, own] });
    }
    await buildImage(engine, { tags: ['tool:1'], layers: [base] });
    // Layers that no registry has to begin with.
    for (const name of ['one', 'two', 'three', 'closed', 'late']) {
      await buildImage(engine, { tags: [`${name}:1`], layers: [{ files: { [name]: randomBytes(9_000_000) } }] });
    }
    await buildImage(engine, { tags: ['large:1'], layers: [{ megabytes: 150 }] });
    // So that the reading of the large one can be seen, however fast this machine is.
    paced = await startPacedProxy(engine.host, { toClient: 50_000_000 });
    vscode = await openVscode({ env: { DOCKER_HOST: paced.host }, size: { width: 1280, height: 900 } });
    await vscode.host.executeCommand('teaChest.signIn', { url: gitea.origin, allowHttp: true, ...dev });
    await vscode.sideBar.open('Tea Chest');
    await vscode.sideBar.view('Pushes').open();
    // Room for the view that is looked at.
    for (const view of ['images', 'registries']) {
      await vscode.page.locator(`.pane-header[aria-label^="${view === 'images' ? 'Images' : 'Registries'} "]`).click();
    }
  });
  after(async () => {
    await vscode.close();
    await paced.close();
    await Promise.all([gitea.close(), engine.stop(), puller.stop()]);
  });
  afterEach(async () => {
    gitea.faults.clear();
    await vscode.host.configure('teaChest.push.maxConcurrent', undefined);
    await vscode.host.configure('teaChest.push.compression', undefined);
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const pushes = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Pushes');
  const row = (label: string | RegExp): Promise<void> => pushes().row(label).waitFor();
  /** A click while the tree is drawn again is lost. */
  async function expand(label: string | RegExp): Promise<void> {
    const expanded = vscode.page.locator('[aria-expanded="true"]').filter({ hasText: label });
    for (let click = 0; click < 5; click++) {
      await pushes().expand(label);
      const isOpen = await expanded
        .first()
        .waitFor({ timeout: 3_000 })
        .then(
          () => true,
          () => false,
        );
      if (isOpen) return;
    }
    assert.fail(`${String(label)} cannot be expanded`);
  }
  const shown = async (): Promise<string> => (await pushes().rows()).join('\n');

  /** Uploads begin, and do not go on. */
  function stallUploads(afterBytes = 4_000_000): void {
    gitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'stall', afterBytes } });
  }

  /** Begins a push of which the view shows what becomes. */
  function push(image: string, target: string, more: object = {}): Promise<PushResult> {
    const argument = { image, target: `${gitea.host}/${target}`, compression: 'gzip', strategy: 'export', ...more };
    const pushing = vscode.host.executeCommand<PushResult>('teaChest.pushImage', argument);
    pushing.catch(() => undefined);
    return pushing;
  }

  async function clipboardIs(expected: string): Promise<void> {
    // Polls the clipboard: the click is handled in the extension host.
    await vscode.page.waitForFunction(
      `navigator.clipboard.readText().then((text) => text === ${JSON.stringify(expected)})`,
    );
  }

  async function badge(): Promise<string> {
    const tab = vscode.page.locator('.activitybar [role="tab"][aria-label^="Tea Chest"]').first();
    return (await tab.getAttribute('aria-label')) ?? '';
  }

  test('is empty at first, and leads to a push', async () => {
    assert.match(await pushes().welcome(), /Nothing was pushed yet/);
    await vscode.page.locator('.pane:has(.pane-header[aria-label^="Pushes "]) .monaco-button').click();
    await vscode.quickInput.waitFor('Push Image');
    await vscode.quickInput.dismiss();
    await vscode.quickInput.gone();
  });

  test('shows each layer of a running push in words, the count as a badge, and a cancel by its button', async () => {
    stallUploads();
    const pushing = push('app:1', 'dev/app:1');
    await row(/dev\/app:1/);
    await expand('dev/app:1');
    await row(/sending [\d.]+(?: kB)? of 20\.\d MB.*COPY /);
    assert.match(await badge(), /1 push is running/);
    assert.ok((await vscode.statusBar()).some((label) => label.startsWith('Push of ')));
    await vscode.screenshot('pushes-running');
    await pushes().row('dev/app:1').hover();
    await pushes().row('dev/app:1').locator('.action-label[aria-label^="Cancel Push"]').click();
    await assert.rejects(pushing, /Cancelled/);
    await row(/dev\/app:1.*cancelled/);
    await row(/stopped after [\d.]+(?: kB)? of 20\.\d MB.*COPY /);
    assert.doesNotMatch(await badge(), /running/);
    assert.deepEqual(gitea.tags('dev', 'app'), []);
    assert.equal(gitea.openSessions().length, 0);
  });

  test('pushes again, and what it copies is the digest that skopeo reads', async () => {
    await pushes().chooseFromMenu('dev/app:1', 'Push Again');
    await vscode.notifications.waitFor(/Pushed .*dev\/app:1/);
    await row(/dev\/app:1.*pushed, 20\.\d MB sent/);
    const reference = `${gitea.host}/dev/app:1`;
    const built = await inspectImage(engine, 'app:1');
    const { manifestDigest } = await checkStored({ reference, built, puller, credentials: dev });
    await pushes().chooseFromMenu(/dev\/app:1.*pushed/, 'Copy Digest');
    await clipboardIs(manifestDigest);
    await pushes().chooseFromMenu(/dev\/app:1.*pushed/, 'Copy Reference');
    await clipboardIs(reference);
  });

  test('says of a layer that it is there already or mounted, and of an unchanged tag that nothing was sent', async () => {
    await push('app:2', 'dev/app:2');
    await row(/dev\/app:2.*pushed, 30\d kB sent, 20\.\d MB already there/);
    await expand('dev/app:2');
    await row(/there already · 20\.\d MB.*COPY /);
    await row(/done · 300 kB.*COPY /);
    await push('tool:1', 'dev/tool:1');
    await row(/dev\/tool:1.*20\.\d MB mounted/);
    await expand('dev/tool:1');
    await row(/mounted · 20\.\d MB.*COPY /);
    await vscode.screenshot('pushes-past');
    await push('tool:1', 'dev/tool:1');
    await row(/dev\/tool:1.*unchanged/);
  });

  test('says how far a layer is compressed', async () => {
    const pushing = push('large:1', 'dev/large:1');
    await row('dev/large:1');
    await expand('dev/large:1');
    await row(/compressing \d+%.*COPY /);
    await vscode.screenshot('pushes-compressing');
    await pushing;
    await row(/dev\/large:1.*pushed/);
    await copyBySkopeo(`${gitea.host}/dev/large:1`, dev);
  });

  test('says that a layer is read where the setting compresses none', async () => {
    await vscode.host.configure('teaChest.push.compression', 'none');
    const pushing = push('large:1', 'dev/raw:1', { compression: undefined });
    await row('dev/raw:1');
    await expand('dev/raw:1');
    await row(/reading \d+%.*COPY /);
    await vscode.screenshot('pushes-reading');
    await pushing;
    await row(/dev\/raw:1.*pushed/);
    await copyBySkopeo(`${gitea.host}/dev/raw:1`, dev);
  });

  test('says of a layer that is sent that the registry has not answered, and shows no time left', async () => {
    gitea.faults.add({ method: 'PUT', path: /\/blobs\/uploads\//, action: { kind: 'delay', ms: 8_000 } });
    const pushing = push('late:1', 'dev/late:1');
    await row('dev/late:1');
    await expand('dev/late:1');
    await row(/sent, waiting for the registry · 9\.\d MB.*COPY /);
    await row(/\d+%.*dev\/late:1 · waiting for the registry/);
    await vscode.screenshot('pushes-waiting-for-answer');
    await pushing;
    await row(/dev\/late:1.*pushed/);
    await copyBySkopeo(`${gitea.host}/dev/late:1`, dev);
  });

  test('keeps the selection and what is expanded while a push runs', async () => {
    await pushes()
      .row(/dev\/tool:1.*mounted/)
      .click();
    await expand(/dev\/tool:1.*mounted/);
    stallUploads();
    const pushing = push('closed:1', 'team/kept:1');
    await row(/\d+%.*team\/kept:1/);
    const selected = pushes().row(/dev\/tool:1.*mounted/);
    assert.equal(await selected.getAttribute('aria-selected'), 'true');
    assert.equal(await selected.getAttribute('aria-expanded'), 'true');
    await pushes().chooseFromMenu('team/kept:1', 'Cancel Push');
    await assert.rejects(pushing);
  });

  test('queues what is above the limit, in order, and lets the person cancel it or push it next', async () => {
    await vscode.host.configure('teaChest.push.maxConcurrent', 1);
    stallUploads();
    const running = push('one:1', 'team/one:1');
    await row(/\d+%.*team\/one:1/);
    const second = push('two:1', 'team/two:1');
    await row(/team\/two:1.*queued, next/);
    const third = push('three:1', 'team/three:1');
    await row(/team\/three:1.*queued, number 2/);
    await vscode.screenshot('pushes-queued');
    // A command's error comes here as its message alone.
    await assert.rejects(push('three:1', 'team/three:1'), /is being pushed already/);
    await pushes().chooseFromMenu('team/three:1', 'Push Next');
    await row(/team\/three:1.*queued, next/);
    await row(/team\/two:1.*queued, number 2/);
    await pushes().chooseFromMenu('team/two:1', 'Cancel Push');
    await assert.rejects(second, /Cancelled/);
    await row(/team\/two:1.*cancelled/);
    gitea.faults.clear();
    await pushes().chooseFromMenu('team/one:1', 'Cancel Push');
    await assert.rejects(running, /Cancelled/);
    const { digest } = await third;
    assert.equal((await copyBySkopeo(`${gitea.host}/team/three:1`, dev)).manifestDigest, digest);
    assert.deepEqual([gitea.tags('team', 'one'), gitea.tags('team', 'two')], [[], []]);
  });

  test('says why a push failed, and shows the message with its buttons again', async () => {
    const fault = { method: 'PUT', path: /\/manifests\/failing$/ } as const;
    gitea.faults.add({ ...fault, action: { kind: 'answer', reply: textReply(400, 'the tag is protected') } });
    await assert.rejects(push('app:1', 'dev/app:failing'));
    await vscode.notifications.waitFor(/the tag is protected/);
    await vscode.host.executeCommand('notifications.clearAll');
    await expand('dev/app:failing');
    await row(/the tag is protected/);
    await pushes()
      .row(/the tag is protected/)
      .click();
    await vscode.notifications.waitFor(/Push of app:1 to dev\/app:failing failed/);
    await vscode.screenshot('pushes-failed');
    await vscode.notifications.click(/dev\/app:failing failed/, 'Retry');
    await row(/dev\/app:failing.*pushed/);
    assert.ok(gitea.tags('dev', 'app').includes('failing'));
  });

  test('shows a tag in the Registries view', async () => {
    await pushes().chooseFromMenu(/dev\/app:2.*pushed/, 'Show in Registries View');
    const registries = vscode.page.locator('.pane:has(.pane-header[aria-label^="Registries "])');
    await registries.locator('[role="treeitem"][aria-selected="true"][aria-label*="/dev/app:2"]').waitFor();
    await vscode.screenshot('pushes-in-registry');
    await vscode.page.locator('.pane-header[aria-label^="Registries "]').click();
  });

  test('is there after a restart, with the push that the closed window has interrupted, and pushes that again', async () => {
    const url = vscode.page.url();
    stallUploads();
    void push('closed:1', 'team/closed:1');
    await row(/\d+%.*team\/closed:1/);
    await vscode.page.goto('about:blank');
    gitea.faults.clear();
    await vscode.page.goto(url);
    await vscode.sideBar.open('Tea Chest');
    await vscode.sideBar.view('Pushes').open();
    await vscode.notifications.waitFor(/was stopped when its window closed/);
    await row(/team\/closed:1.*interrupted/);
    await row(/dev\/app:2.*pushed/);
    await expand('team/closed:1');
    await row(/Its window closed during the push/);
    await vscode.screenshot('pushes-interrupted');
    await vscode.host.executeCommand('teaChest.signIn', { url: gitea.origin, allowHttp: true, ...dev });
    await pushes().row('team/closed:1').hover();
    await pushes().row('team/closed:1').locator('.action-label[aria-label^="Push Again"]').click();
    await row(/team\/closed:1.*pushed/);
    const built = await inspectImage(engine, 'closed:1');
    await checkStored({ reference: `${gitea.host}/team/closed:1`, built, puller, credentials: dev });
  });

  test('copies, opens and removes a push by keyboard', async () => {
    const { keyboard } = vscode.page;
    await push('tool:1', 'dev/tool:keys');
    await row(/dev\/tool:keys.*(pushed|unchanged)/);
    await vscode.host.executeCommand('teaChest.pushes.focus');
    await keyboard.press('Home');
    const focused = pushes().row('dev/tool:keys').and(vscode.page.locator('.focused'));
    for (let presses = 0; (await focused.count()) === 0; presses++) {
      assert.ok(presses < 20, await shown());
      await keyboard.press('ArrowDown');
    }
    // Keys apply to the selection, which does not follow the focus.
    await keyboard.press('Enter');
    await focused.and(vscode.page.locator('[aria-selected="true"]')).waitFor();
    await keyboard.press('Control+C');
    await clipboardIs(`${gitea.host}/dev/tool:keys`);
    await keyboard.press('Control+Enter');
    await vscode.webview.content.locator('.subtitle').filter({ hasText: 'dev/tool:keys' }).waitFor();
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
    await vscode.page.locator('iframe.webview').waitFor({ state: 'detached' });
    await vscode.host.executeCommand('teaChest.pushes.focus');
    await vscode.page.waitForFunction(
      `document.activeElement?.closest('.pane')?.querySelector('.pane-header')?.ariaLabel?.startsWith('Pushes ')`,
    );
    await keyboard.press('Delete');
    await pushes().row('dev/tool:keys').waitFor({ state: 'detached' });
  });

  test('removes a push, and all that have ended', async () => {
    const before = await pushes().rows();
    await pushes()
      .row(/team\/two:1/)
      .hover();
    await pushes()
      .row(/team\/two:1/)
      .locator('.action-label[aria-label^="Remove from List"]')
      .click();
    await pushes()
      .row(/team\/two:1/)
      .waitFor({ state: 'detached' });
    assert.ok(
      before.some((one) => one.includes('team/two:1')),
      await shown(),
    );
    for (const theme of ['Default Light Modern', 'Default High Contrast', 'Default High Contrast Light']) {
      await vscode.host.configure('workbench.colorTheme', theme);
      await expand(/dev\/tool:1.*mounted/);
      await vscode.screenshot(`pushes-${theme.toLowerCase().replaceAll(' ', '-')}`);
    }
    await pushes().clickAction('Clear Finished');
    assert.match(await pushes().welcome(), /Nothing was pushed yet/);
  });
});
