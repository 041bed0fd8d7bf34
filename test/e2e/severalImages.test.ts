import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import type { PushImagesResult } from '../../src/host/push/pushImagesResult.ts';
import type { Locator } from 'playwright-core';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { textReply } from '../fakeGitea/http/reply.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { needCommand } from '../tools/findCommand.ts';
import { buildImage, inspectImage } from '../tools/images.ts';
import { run } from '../tools/run.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const services = ['api', 'web', 'worker'];

/** Several images in a real VS Code, by mouse and keyboard, with a real engine. */
suite('several images by hand', { timeout: 300_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let fakeGitea: FakeGitea;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, fakeGitea] = await Promise.all([startPrivateEngine(), startPrivateEngine(), startFakeGitea()]);
    const base = { files: { base: randomBytes(30_000_000) } };
    for (const name of services) {
      await buildImage(engine, { tags: [`${name}:1`], layers: [base, { files: { [name]: randomBytes(100_000) } }] });
    }
    await engine.docker(['tag', 'api:1', 'tool:1']);
    for (const tag of ['tool:2', 'tool:latest']) await engine.docker(['tag', 'web:1', tag]);
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host } });
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

  async function isStored(target: string, image: string): Promise<void> {
    const built = await inspectImage(engine, image);
    await checkStored({ reference: `${fakeGitea.host}/${target}`, built, puller, credentials: dev });
  }

  async function agreeToPublic(owner: string): Promise<void> {
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: `${owner} on` });
    await dialog.locator('.monaco-button').filter({ hasText: 'Push' }).click();
  }

  test('three selected rows are pushed together: one question for the owner, one progress, one summary', async () => {
    const { quickInput, notifications, page } = vscode;
    fakeGitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 1_500 } });
    await images().row('api').click();
    for (const name of ['web', 'worker'])
      await images()
        .row(name)
        .click({ modifiers: ['ControlOrMeta'] });
    await page
      .locator('.pane .monaco-list-row.selected')
      .nth(services.length - 1)
      .waitFor();
    await images().chooseFromMenu('web', 'Push to Registry…');
    await quickInput.waitFor('Push 3 Images');
    await quickInput.pick('dev');
    await quickInput.waitFor('Enter pushes');
    await vscode.screenshot('several-targets');
    const rows = await quickInput.rows();
    for (const name of services)
      assert.ok(
        rows.some((row) => row.includes(`/dev/${name}:1`)),
        rows.join('\n'),
      );
    await page.keyboard.press('Enter');
    await agreeToPublic('dev');

    await notifications.waitFor(/Pushing 3 images: \d of 3 images · \d+%/);
    await vscode.screenshot('several-in-progress');
    assert.ok((await vscode.statusBar()).some((label) => label.startsWith('Push of 3 images')));
    const done = await notifications.waitFor(/Pushed 3 images in /);
    await vscode.screenshot('several-done');
    assert.match(done, /30\.\d MB sent.*60\.\d MB mounted.*dev\/api:1, dev\/web:1, dev\/worker:1/);
    assert.deepEqual(await notifications.buttonsOf(/Pushed 3/), ['Copy References', 'Show Details']);
    for (const name of services) await isStored(`dev/${name}:1`, `${name}:1`);
  });

  test('all tags of a repository are pushed by its context menu, and images of the same layers are mounted', async () => {
    const { quickInput, notifications, page } = vscode;
    await images().chooseFromMenu('3 tags', 'Push All Tags…');
    await quickInput.waitFor('Push 3 Images');
    await quickInput.pick('dev');
    await quickInput.waitFor('Enter pushes');
    await page.keyboard.press('Enter');
    const done = await notifications.waitFor(/Pushed 3 images in /);
    assert.match(done, /: \d\.\d kB sent, \d\d\.\d MB mounted/, 'the configs alone are sent');
    for (const [tag, image] of [
      ['1', 'api:1'],
      ['2', 'web:1'],
      ['latest', 'web:1'],
    ] as const) {
      await isStored(`dev/tool:${tag}`, image);
    }
  });

  test('the dialog shows the plan by a button, and the push begins there', async () => {
    const { quickInput, notifications, page, webview } = vscode;
    await images().chooseFromMenu('3 tags', 'Push All Tags…');
    await quickInput.waitFor('Push 3 Images');
    await quickInput.pick('Somewhere else…');
    await quickInput.pick('team');
    await quickInput.waitFor('Enter pushes');
    await vscode.screenshot('several-preview-button-dark');
    await inLightTheme(() => vscode.screenshot('several-preview-button-light'));
    await page.locator('.quick-input-widget').getByRole('button', { name: 'Preview Push' }).click();
    await webview.content.locator('h1').filter({ hasText: '3 images' }).waitFor();
    await webview.content.locator('.status').filter({ hasText: 'Would send' }).waitFor();
    assert.deepEqual(fakeGitea.tags('team', 'tool'), []);
    await vscode.screenshot('several-plan-dark');
    await inLightTheme(() => vscode.screenshot('several-plan-light'));
    await webview.content.getByRole('button', { name: 'Push', exact: true }).click();
    await agreeToPublic('team');
    await notifications.waitFor(/Pushed 3 images in /);
    for (const [tag, image] of [
      ['1', 'api:1'],
      ['latest', 'web:1'],
    ] as const) {
      await isStored(`team/tool:${tag}`, image);
    }
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
  });

  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');

  /** Builds the image anew: the name stands for another image then. */
  async function rebuild(tag: string): Promise<void> {
    const files = { [tag.slice(0, tag.indexOf(':'))]: randomBytes(120_000) };
    const base = { files: { base: randomBytes(1_000_000) } };
    await buildImage(engine, { tags: [tag], layers: [base, { files }], labels: { revision: '2' } });
  }

  async function inLightTheme(work: () => Promise<unknown>): Promise<void> {
    const toggle = async (theme: string): Promise<void> => {
      await vscode.host.executeCommand('workbench.action.toggleLightDarkThemes');
      await vscode.page.locator(`.monaco-workbench.${theme}`).waitFor();
    };
    await toggle('vs');
    await work();
    await toggle('vs-dark');
  }

  /** Another client pushes an image of the engine. */
  async function pushBySkopeo(image: string, target: string): Promise<void> {
    await run(needCommand('skopeo', 'skopeo'), [
      ...['--insecure-policy', 'copy', '--src-daemon-host', engine.host],
      ...['--dest-tls-verify=false', '--dest-creds', `${dev.username}:${dev.secret}`],
      ...[`docker-daemon:${image}`, `docker://${fakeGitea.host}/${target}`],
    ]);
  }

  test('each image shows how it compares with the tag that it was pushed to', async () => {
    await images()
      .row(/^api:1up to date · /)
      .waitFor();
    await rebuild('api:1');
    await images()
      .row(/^api:1newer here · /)
      .waitFor();
    const labels = await images().rows();
    assert.ok(
      labels.some((label) => label.startsWith(`Image api:1, newer here in ${fakeGitea.host}, `)),
      labels.join('\n'),
    );
    await images()
      .row(/^api:1newer here/)
      .hover();
    const tooltip = vscode.page
      .locator('.monaco-hover:visible')
      .filter({ hasText: 'the registry still has that push' });
    await tooltip.waitFor();
    await vscode.screenshot('sync-newer-here-dark');
    await inLightTheme(() => vscode.screenshot('sync-newer-here-light'));
  });

  test('Push What Is Out of Date pushes what is newer here, and says so if there is nothing', async () => {
    const { quickInput, notifications, page } = vscode;
    await images().clickAction('Push What Is Out of Date…');
    await quickInput.waitFor('Push What Is Out of Date');
    const rows = await quickInput.rows();
    assert.equal(rows.length, 1, rows.join('\n'));
    assert.match(rows[0] ?? '', / api:1, newer here · 1\.1 MB · → /);
    await vscode.screenshot('sync-out-of-date');
    await page.keyboard.press('Enter');
    await notifications.waitFor(/Pushed 1 image in /);
    await isStored('dev/api:1', 'api:1');
    await images()
      .row(/^api:1up to date · /)
      .waitFor();
    await vscode.quickInput.runCommand('Tea Chest: Push What Is Out of Date…');
    await notifications.waitFor('Nothing is out of date: 6 images are as their registries have them.');
  });

  test('what another client has pushed is newer there, and the diff editor shows what differs', async () => {
    const { page } = vscode;
    await rebuild('later:1');
    await pushBySkopeo('later:1', 'dev/api:1');
    await images().clickAction('Refresh Images');
    await images()
      .row(/^api:1newer there · /)
      .waitFor();
    // With several rows selected there is nothing to compare.
    await images()
      .row(/^api:1newer there/)
      .click();
    await images().chooseFromMenu(/^api:1newer there/, 'Compare with Registry…');
    const right = page.locator('.monaco-diff-editor .editor.modified .view-lines');
    await right.filter({ hasText: 'No layer is shared.' }).waitFor();
    await right.filter({ hasText: 'A push would send at most 2 layers' }).waitFor();
    await page.locator('.tab').filter({ hasText: 'api:1 ↔ api:1' }).waitFor();
    await vscode.screenshot('compare-dark');
    await inLightTheme(() => vscode.screenshot('compare-light'));
  });

  test('a tag of the Registries view is compared with a local image, and with another tag', async () => {
    const { page, quickInput } = vscode;
    await registries().expand(fakeGitea.host);
    await registries().expand(/^devpublic$/);
    await registries().expand(/^tool/);
    await registries()
      .row(/^2[0-9a-f]{12} /)
      .waitFor();
    await registries().chooseFromMenu(/^2[0-9a-f]{12} /, 'Compare with Local Image…');
    // tool:2 goes to another owner since it was pushed there. Its name is the first choice.
    await quickInput.waitFor('Compare with Local Image');
    await quickInput.accept();
    const right = page.locator('.monaco-diff-editor .editor.modified .view-lines');
    await right.filter({ hasText: 'The same image.' }).waitFor();
    // The tooltip of the row below would be over it.
    await page.mouse.move(1000, 650);
    await page.locator('[role="treeitem"][aria-label*="/dev/tool:1,"]').click();
    await registries()
      .row(/^2[0-9a-f]{12} /)
      .click({ modifiers: ['ControlOrMeta'] });
    await registries().chooseFromMenu(/^2[0-9a-f]{12} /, 'Compare Selected');
    await right.filter({ hasText: 'The first of 2 layers is the same.' }).waitFor();
    await vscode.screenshot('compare-selected-dark');
    assert.equal(await quickInput.isOpen(), false);
  });

  test('what failed is said with its reason, and a button pushes it again', async () => {
    const { host, notifications } = vscode;
    // VS Code shows three notifications at most.
    await host.executeCommand('notifications.clearAll');
    const fault = { method: 'PUT', path: /\/v2\/dev\/web\/manifests\/2$/, times: 1 } as const;
    fakeGitea.faults.add({ ...fault, action: { kind: 'answer', reply: textReply(403, 'the tag is protected') } });
    const argument = {
      images: ['worker:1', { image: 'web:1', target: `${fakeGitea.host}/dev/web:2` }],
      target: `${fakeGitea.host}/dev`,
    };
    const { results } = await host.executeCommand<PushImagesResult>('teaChest.pushImages', argument);
    const [unchanged, failed] = results;
    assert.ok(unchanged !== undefined && 'digest' in unchanged && unchanged.isUnchanged === true);
    assert.ok(failed !== undefined && 'error' in failed && failed.error.stage === 'manifest', JSON.stringify(failed));
    const warning = await notifications.waitFor(/Pushed 0 of 2 images \(1 unchanged, 1 not pushed\)/);
    assert.match(warning, /There already, unchanged: dev\/worker:1\. Not pushed: dev\/web:2: /);
    await vscode.screenshot('several-failed');
    await notifications.click(/Pushed 0 of 2 images/, 'Push Failed Again');
    await notifications.waitFor(/Pushed 1 image in /);
    await isStored('dev/web:2', 'web:1');
  });

  test('a selected image stays selected when its repository gets a second tag, and when it loses one', async () => {
    const selected = (label: RegExp): Locator => images().row(label).and(vscode.page.locator('[aria-selected="true"]'));
    await images()
      .row(/^worker:1/)
      .click();
    await selected(/^worker:1/).waitFor();
    await engine.docker(['tag', 'worker:1', 'worker:2']);
    await selected(/^worker2 tags/).waitFor();
    const pane = vscode.page.locator('.pane:has(.pane-header[aria-label^="Images "])');
    assert.equal(await pane.locator('.monaco-list-row.selected').count(), 1);
    await images().expand(/^worker2 tags/);
    await vscode.screenshot('selection-of-second-tag');
    await images()
      .row(/^2.*MB/)
      .click();
    await selected(/^2.*MB/).waitFor();
    await engine.docker(['rmi', 'worker:1']);
    await selected(/^worker:2/).waitFor();
    // What is selected is what a command by keyboard applies to.
    await vscode.page.keyboard.press('Control+C');
    await vscode.page.waitForFunction("navigator.clipboard.readText().then((text) => text === 'worker:2')");
  });
});
