import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage, sizes } from '../tools/images.ts';
import { readTexts, type TextSource } from '../tools/translations/languages.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };
const texts = { code: readTexts('code', 'de'), manifest: readTexts('manifest', 'de') };

/** The German text of a key, as it is shown with these values. */
function german(source: Exclude<TextSource, 'walkthrough'>, key: string, ...values: readonly string[]): string {
  const text = texts[source][key] ?? assert.fail(`German has “${key}”`);
  return text.replace(/\{(\d)\}/g, (placeholder, index: string) => values[Number(index)] ?? placeholder);
}

/** A person whose VS Code is German reads German, from the views to the errors. */
suite('in German', { timeout: 300_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, gitea] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
    ]);
    await buildImage(engine, { tags: ['app:1'], layers: sizes.medium });
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host },
      language: 'de',
      size: { width: 1680, height: 900 },
    });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([gitea.close(), engine.stop(), puller.stop()]);
  });

  test('the views and their welcome texts are', async () => {
    const { sideBar } = vscode;
    await sideBar.view(german('manifest', 'view.images.name')).row('app').waitFor();
    const welcome = await sideBar.view(german('manifest', 'view.registries.name')).welcome();
    const [sentence = ''] = german('manifest', 'welcome.registries.signIn').split('\n');
    assert.ok(welcome.includes(sentence), welcome);
    await vscode.screenshot('german-views');
  });

  test('the steps of the walkthrough are', async () => {
    const { host, page } = vscode;
    await host.executeCommand('workbench.action.openWalkthrough', 'tea-chest.tea-chest#firstPush', false);
    await page.getByText(german('manifest', 'walkthrough.firstPush.title')).first().waitFor();
    const [heading = ''] = readTexts('walkthrough', 'de')['engine']?.split('\n') ?? assert.fail('the step is German');
    const shown = page.frameLocator('iframe.webview').frameLocator('iframe').locator('h2');
    await shown.filter({ hasText: heading.replace('## ', '') }).waitFor();
    await vscode.screenshot('german-walkthrough');
    await host.executeCommand('workbench.action.closeAllEditors');
  });

  test('a push is, from the palette to its progress and its result', async () => {
    const { host, notifications, page, quickInput } = vscode;
    const { url, fingerprint256: trustFingerprint } = gitea;
    await host.executeCommand('teaChest.signIn', { url, ...dev, trustFingerprint });
    gitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'delay', ms: 1_500 } });
    await quickInput.runCommand(`Tea Chest: ${german('manifest', 'command.pushImage.title')}`);
    await quickInput.waitFor(german('code', 'Which image?'));
    await quickInput.pick('app:1');
    const target = `${gitea.host}/dev/app:1`;
    const first = page.locator('.quick-input-list .monaco-list-row').first();
    await first.filter({ hasText: german('code', 'Push to {0}', target) }).waitFor();
    await vscode.screenshot('german-push-dialog');
    await first.click();
    await notifications.waitFor(german('code', 'Pushing {0}:{1}', 'dev/app', '1'));
    await vscode.screenshot('german-push-progress');
    const copy = german('code', 'Copy Pull Command');
    const result = page.locator('.notifications-toasts .notification-list-item').filter({ hasText: copy });
    await result.filter({ hasText: target }).waitFor({ timeout: 60_000 });
    const numbers = (await result.innerText()).match(/\d+[.,]\d+ (?:s|kB|MB|Sek)/g) ?? [];
    assert.ok(numbers.length > 0 && numbers.every((number) => number.includes(',')), numbers.join());
    await vscode.screenshot('german-push-done');
    const built = await inspectImage(engine, 'app:1');
    await checkStored({ reference: target, built, puller, credentials: dev });
    gitea.faults.clear();
  });

  test('an error is, with its button', async () => {
    const { host, notifications } = vscode;
    await host.executeCommand('notifications.clearAll');
    const pushed = host.executeCommand('teaChest.pushImage', { image: 'app:1', target: 'other.test/dev/app:1' });
    const sentence = german('code', 'You are not signed in to {0}.', 'other.test');
    await assert.rejects(pushed, (error: Error) => error.message.includes(sentence));
    await notifications.waitFor(sentence);
    const signIn = german('code', 'Sign In');
    assert.ok((await notifications.buttonsOf(sentence)).includes(signIn));
    await vscode.screenshot('german-error');
  });
});
