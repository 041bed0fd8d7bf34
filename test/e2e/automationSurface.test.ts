import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PlannedPush } from '../../src/host/commands/planPush.ts';
import type { PushImagesResult } from '../../src/host/push/pushImagesResult.ts';
import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { needCommand } from '../tools/findCommand.ts';
import { freePort } from '../tools/freePort.ts';
import { buildImage, inspectImage, sizes } from '../tools/images.ts';
import { run } from '../tools/run.ts';
import { buildSampleExtension } from '../tools/sampleExtension.ts';
import type { Locator } from 'playwright-core';
import { composeYaml, tasksJson } from './automationFiles.ts';
import { RemoteError } from './harness/agentServer.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const dev = { username: 'dev', secret: 'dev pässword: with everything' };

/** The terminal writes into the page, where a test can read it. */
const asText = { 'terminal.integrated.gpuAcceleration': 'off' };

/** Everything that pushes without the push dialog, in a real VS Code with a real engine. */
suite('automation by tasks, extensions, builds, language models and links', { timeout: 500_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let gitea: FakeGitea;
  let vscode: VscodeWindow;
  let folder: string;

  before(async () => {
    const sample = buildSampleExtension();
    [engine, puller, gitea] = await Promise.all([startPrivateEngine(), startPrivateEngine(), startFakeGitea()]);
    await buildImage(engine, { tags: ['app:1', 'shop-web:latest'], layers: sizes.small });
    await buildImage(engine, { tags: ['shop/api:7'], layers: [{ files: { api: 'api' } }], labels: { app: 'api' } });
    await buildImage(engine, { tags: ['big:1'], layers: sizes.medium });
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host, SAMPLE_TAG: '7' },
      settings: { 'sample.name': 'chained', 'chat.disableAIFeatures': false, 'git.enabled': true, ...asText },
      folder: { '.vscode/tasks.json': tasksJson(gitea.host), 'compose.yaml': composeYaml, '.env': 'API_TAG=7\n' },
      otherExtensions: [await sample],
    });
    await vscode.host.executeCommand('teaChest.signIn', { url: gitea.origin, allowHttp: true, ...dev });
    folder = await vscode.host.executeCommand<string>('sample.folder');
  });
  after(async () => {
    await vscode.close();
    await Promise.all([gitea.close(), engine.stop(), puller.stop()]);
  });
  afterEach(async () => {
    gitea.faults.clear();
    for (const setting of ['pushOnBuild', 'check.latestTag', 'check.existingTag', 'check.dirtyWorkingTree']) {
      await vscode.host.configure(`teaChest.${setting}`, undefined);
    }
    await vscode.host.executeCommand('notifications.clearAll');
  });

  async function isStored(target: string, image: string): Promise<void> {
    const built = await inspectImage(engine, image);
    await checkStored({ reference: `${gitea.host}/${target}`, built, puller, credentials: dev });
  }

  const isPublic = (): string =>
    `Everybody who can reach ${gitea.host} can pull the images of dev: this owner is public.`;

  async function isMade(file: string): Promise<boolean> {
    return await access(join(folder, file)).then(
      () => true,
      () => false,
    );
  }

  const runTask = (name: string): Promise<Record<string, number | undefined>> =>
    vscode.host.executeCommand('sample.runTask', name);

  /** Presses a button of a modal dialog with this text; returns the dialog's whole text. */
  async function answerDialog(text: string | RegExp, button: string): Promise<string> {
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: text });
    await dialog.waitFor();
    const shown = await dialog.innerText();
    await dialog.locator('.monaco-button').filter({ hasText: button }).first().click();
    await dialog.waitFor({ state: 'detached' });
    return shown;
  }

  test('an extension that is compiled against the package tea-chest-api pushes by it', async () => {
    const target = `${gitea.host}/dev/by-api:1`;
    interface Report {
      readonly apiVersion: number;
      readonly pushed: { readonly reference: string; readonly notices: readonly string[] };
    }
    const report = await vscode.host.executeCommand<Report>('sample.push', 'app:1', target);
    assert.deepEqual([report.apiVersion, report.pushed.reference], [1, target]);
    assert.deepEqual(report.pushed.notices, [isPublic()], 'nobody was asked about the public owner');
    await isStored('dev/by-api:1', 'app:1');
    assert.deepEqual(await vscode.host.executeCommand('sample.push', 'nothing:here', target), {
      ...{ apiVersion: 1, failure: { code: 'imageNotFound', stage: 'inspect' } },
    });
  });

  test('a task pushes with variables of VS Code, and the task that depends on it runs after it', async () => {
    assert.deepEqual(await runTask('after-push'), { 'push app': 0, 'after-push': 0 });
    assert.ok(await isMade('after-push'));
    await isStored('dev/chained:7', 'app:1');
    const terminal = vscode.page.locator('.terminal-outer-container, .integrated-terminal').first();
    await terminal.waitFor();
    await vscode.screenshot('task-pushed');
  });

  test('a task that fails has the exit code 1, and the task that depends on it does not run', async () => {
    assert.deepEqual(await runTask('after-failure'), { 'push nothing': 1 });
    // A later task of VS Code's queue has run: the dependent one would have before.
    assert.deepEqual(await runTask('push app'), { 'push app': 0 });
    assert.ok(!(await isMade('after-failure')));
    await vscode.screenshot('task-failed');
    await vscode.page.locator('.xterm-rows:visible').filter({ hasText: isPublic() }).waitFor();
    await vscode.useTheme('light');
    await vscode.screenshot('task-to-public-owner-light');
    await vscode.useTheme('dark');
  });

  test('Ctrl+C in its terminal cancels a task with the exit code 130, and “Terminate” cancels its push', async () => {
    for (const how of ['key', 'terminate'] as const) {
      const fault = gitea.faults.add({ method: 'PATCH', times: Infinity, action: { kind: 'stall' } });
      const running = runTask('push slowly');
      const isOver = running.then(() => true);
      while (fault.strikes === 0) {
        const ended = await Promise.race([isOver, sleep(50, false)]);
        assert.ok(!ended, 'the push is still running');
      }
      if (how === 'key') {
        await vscode.host.executeCommand('workbench.action.terminal.focus');
        await vscode.page.keyboard.press('Control+C');
      } else {
        await vscode.host.executeCommand('sample.terminateTasks');
      }
      const codes = await running;
      if (how === 'key') assert.deepEqual(codes, { 'push slowly': 130 });
      await vscode.screenshot(`task-cancelled-by-${how}`);
      gitea.faults.clear();
      while (gitea.openSessions().length > 0) await sleep(50);
    }
  });

  test('a task pushes the images of a compose file, and is offered for the one of the folder', async () => {
    const offered = await vscode.host.executeCommand<string[]>('sample.detectedTasks');
    assert.deepEqual(
      offered.filter((task) => task.startsWith('teaChest: ')),
      ['teaChest: push images of compose.yaml'],
    );
    assert.deepEqual(await runTask('push compose'), { 'push compose': 0 });
    await isStored('dev/shop-web:latest', 'shop-web:latest');
    await isStored('dev/shop/api:7', 'shop/api:7');
  });

  test('`pushImages` takes a compose file, and says what the engine lacks before anything moves', async () => {
    const { host } = vscode;
    const composeFile = join(folder, 'compose.yaml');
    const target = `${gitea.host}/dev`;
    const argument = { composeFile, target, services: ['api'] };
    const { results } = await host.executeCommand<PushImagesResult>('teaChest.pushImages', argument);
    assert.deepEqual(
      results.map(({ image }) => image),
      ['shop/api:7'],
    );
    const received = gitea.bytesReceived;
    await assert.rejects(
      host.executeCommand('teaChest.pushImages', { composeFile, target, profiles: ['debug'] }),
      (error) =>
        error instanceof RemoteError &&
        error.facts['code'] === 'imageNotFound' &&
        /lacks 1 of the 3 images of .*missing:1 \(service debug\)\. Nothing was pushed/.test(error.message),
    );
    assert.equal(gitea.bytesReceived, received);
  });

  /** Chooses a row of the context menu that is open, by keyboard. */
  async function chooseFromMenu(title: string, screenshot: string): Promise<void> {
    const { page } = vscode;
    await page.locator(`.monaco-menu .action-label[aria-label="${title}"]`).last().waitFor();
    await vscode.screenshot(screenshot);
    for (let presses = 0; ; presses++) {
      assert.ok(presses < 60, 'the menu has the command');
      const focused = page.locator('.monaco-menu .action-item.focused .action-label');
      if ((await focused.count()) > 0 && (await focused.first().getAttribute('aria-label')) === title) break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
  }

  async function composeFileInExplorer(): Promise<Locator> {
    await vscode.host.executeCommand('workbench.view.explorer');
    const file = vscode.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: 'compose.yaml' });
    await file.waitFor();
    return file;
  }

  test('the push of a compose file is previewed from the menu of its editor, and nothing is sent', async () => {
    const { quickInput, page, webview } = vscode;
    await (await composeFileInExplorer()).dblclick();
    await page.locator('.monaco-editor .view-lines').filter({ hasText: 'shop/api' }).click({ button: 'right' });
    const requestsBefore = gitea.requests.length;
    await chooseFromMenu('Preview Push of Compose File…', 'compose-menu-of-editor');
    await quickInput.waitFor('Preview the push of 2 images of compose.yaml');
    await page.keyboard.press('Enter');
    await quickInput.waitFor('Preview Push of 2 Images');
    await quickInput.pick('Where each of them went last');
    await quickInput.waitFor('Enter shows what a push of the ticked images would do');
    await vscode.screenshot('compose-preview-targets');
    await page.keyboard.press('Enter');
    await webview.content.locator('h1').filter({ hasText: '2 images' }).waitFor();
    await webview.content
      .locator('.status')
      .filter({ hasText: 'There already: a push would change nothing' })
      .waitFor();
    for (const theme of ['dark', 'light'] as const) {
      await vscode.useTheme(theme);
      await vscode.screenshot(`compose-preview-${theme}`);
    }
    await vscode.useTheme('dark');
    const changing = gitea.requests.slice(requestsBefore).filter(({ method }) => !/^(GET|HEAD)$/.test(method));
    assert.deepEqual(changing, []);
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
  });

  test('the images of a compose file are pushed from its context menu, by one question and one summary', async () => {
    const { quickInput, notifications, page } = vscode;
    await (await composeFileInExplorer()).click({ button: 'right' });
    await chooseFromMenu('Push Images of Compose File…', 'compose-menu');
    await quickInput.waitFor('Push 2 images of compose.yaml');
    await vscode.screenshot('compose-images');
    assert.match(
      (await quickInput.rows()).join('\n'),
      /shop-web.*service web · built here[^]*shop\/api:7.*service api/,
    );
    await page.keyboard.press('Enter');
    await quickInput.waitFor('Push 2 Images');
    await quickInput.pick('Where each of them went last');
    await quickInput.waitFor('Enter pushes');
    await page.keyboard.press('Enter');
    await answerDialog(/is public\. Push there/, 'Push');
    await notifications.waitFor(/2 images/);
    await isStored('dev/shop-web:latest', 'shop-web:latest');
  });

  test('a build and a `docker tag` are pushed once the person has agreed, and a later one without a question', async () => {
    const { host, notifications } = vscode;
    await host.configure('teaChest.pushOnBuild', [{ reference: 'built:*', target: `${gitea.host}/dev` }]);
    await vscode.page.getByLabel('Push on build: Builds are noticed.').first().waitFor();
    await engine.docker(['tag', 'app:1', 'built:1']);
    const question = await notifications.waitFor(/built:1 was built/);
    assert.match(question, /Push it to .*\/dev\/built:1\?/);
    await vscode.screenshot('push-on-build-question');
    assert.deepEqual(await notifications.buttonsOf(/built:1 was built/), ['Always', 'Once', 'Never']);
    await notifications.click(/built:1 was built/, 'Always');
    await pushedTo('dev/built', '1');
    await isStored('dev/built:1', 'built:1');
    await buildImage(engine, { tags: ['built:2'], layers: [{ files: { built: 'by docker build' } }] });
    await pushedTo('dev/built', '2');
    await isStored('dev/built:2', 'built:2');
    assert.deepEqual(
      (await notifications.all()).filter((text) => text.includes('was built')),
      [],
    );
    await vscode.screenshot('push-on-build-done');
  });

  async function pushedTo(repository: string, tag: string): Promise<void> {
    const put = new RegExp(`/v2/${repository}/manifests/${tag}$`);
    while (!gitea.requests.some(({ method, path, status }) => method === 'PUT' && put.test(path) && status === 201)) {
      await sleep(50);
    }
  }

  test('checks refuse, warn or ask, as the settings say', async () => {
    const { host, quickInput } = vscode;
    const target = `${gitea.host}/dev/checked`;
    await host.configure('teaChest.check.latestTag', 'refuse');
    await rejectsWith('latestTag', { image: 'app:1', target });
    await host.configure('teaChest.check.latestTag', 'warn');
    const { notices } = await host.executeCommand<{ notices: string[] }>('teaChest.pushImage', {
      image: 'app:1',
      target,
    });
    assert.match(notices.join(), /checked:latest does not say which version/);
    await host.configure('teaChest.check.existingTag', 'refuse');
    await host.executeCommand('teaChest.pushImage', { image: 'app:1', target });
    await rejectsWith('tagExists', { image: 'big:1', target });
    await isStored('dev/checked:latest', 'app:1');
    await host.configure('teaChest.check.existingTag', 'ask');
    // Without a target, a person has pressed a key.
    await host.executeCommand('teaChest.pushImage', { image: 'big:1', target: `${gitea.host}/dev/checked:big` });
    await engine.docker(['tag', 'shop/api:7', 'big:1']);
    const pushing = host.executeCommand('teaChest.pushImage', { image: 'big:1' });
    const question = await answerDialog('all the same', 'Push Anyway');
    assert.match(question, /stands for another image: sha256:[0-9a-f]{64} is there, and the ID of big:1 is sha256:/);
    await pushing;
    await isStored('dev/checked:big', 'shop/api:7');
    assert.equal(await quickInput.isOpen(), false);
  });

  async function rejectsWith(code: string, argument: Record<string, unknown>): Promise<void> {
    await assert.rejects(
      vscode.host.executeCommand('teaChest.pushImage', argument),
      (error) => error instanceof RemoteError && error.facts['code'] === code,
    );
  }

  test('a push of an image from a dirty working tree is refused, and one from a clean tree is not', async () => {
    const git = (...args: string[]): Promise<{ stdout: string }> =>
      run(needCommand('git', 'git'), ['-C', folder, '-c', 'user.name=dev', '-c', 'user.email=dev@test', ...args]);
    await git('init', '--quiet');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'all');
    const { stdout } = await git('rev-parse', 'HEAD');
    const labels = { 'org.opencontainers.image.revision': stdout.trim() };
    await buildImage(engine, { tags: ['labelled:1'], layers: [{ files: { a: 'a' } }], labels });
    await vscode.host.executeCommand('git.openRepository', folder);
    await vscode.host.configure('teaChest.check.dirtyWorkingTree', 'refuse');
    const argument = { image: 'labelled:1', target: `${gitea.host}/dev/labelled:1` };
    await vscode.host.executeCommand('teaChest.pushImage', argument);
    await writeFile(join(folder, 'new.txt'), 'not committed');
    await rejectsWith('workingTreeDirty', argument);
  });

  test('a language model lists images and packages, and pushes after the person has confirmed it', async () => {
    const { host } = vscode;
    const invoke = (name: string, input: object): Promise<string> =>
      host.executeCommand('sample.invokeTool', `teaChest_${name}`, input);
    const images = JSON.parse(await invoke('listImages', { filter: 'app:1' })) as {
      images: { references: string[] }[];
    };
    assert.ok(images.images[0]?.references.includes('app:1'));
    const target = `${gitea.host}/dev/by-model:1`;
    const declined = assert.rejects(invoke('pushImage', { image: 'app:1', target }), /Cancel/);
    const question = await answerDialog(`Push app:1 to ${target}?`, 'Cancel');
    assert.match(question, /public|pull the image/);
    await declined;
    const pushing = invoke('pushImage', { image: 'app:1', target });
    await answerDialog(`Push app:1 to ${target}?`, 'Yes');
    const pushed = await pushing;
    assert.equal((JSON.parse(pushed) as { reference: string }).reference, target);
    await isStored('dev/by-model:1', 'app:1');
    const packages = await invoke('listPackages', { owner: 'dev' });
    assert.match(packages, /"name":"by-model"/);
    assert.ok(!packages.includes(dev.secret));
  });

  test('a language model and a command ask what a push would do, by requests that change nothing', async () => {
    const { host } = vscode;
    const argument = { image: 'app:1', target: `${gitea.host}/dev/planned:1` };
    gitea.clearRequests();
    const byTool = await host.executeCommand<string>('sample.invokeTool', 'teaChest_planPush', argument);
    const byCommand = await host.executeCommand<PlannedPush>('teaChest.planPush', argument);
    assert.deepEqual(JSON.parse(byTool), byCommand);
    const [planned] = byCommand.images;
    assert.ok(planned !== undefined && 'layers' in planned, JSON.stringify(planned));
    assert.deepEqual([planned.reference, planned.tag.state], [argument.target, 'free']);
    assert.ok(planned.layers.length > 0);
    const methods = new Set(gitea.requests.filter(({ path }) => path.startsWith('/v2/')).map(({ method }) => method));
    // What was read before is not read again, so that one of them may be missing.
    assert.ok(methods.size > 0);
    assert.deepEqual(
      [...methods].filter((method) => method !== 'GET' && method !== 'HEAD'),
      [],
    );
    assert.deepEqual(gitea.tags('dev', 'planned'), []);
  });

  test('a link opens the sign-in and the push dialog, and starts nothing by itself', async () => {
    const { host, quickInput, notifications, page } = vscode;
    const open = (path: string): Promise<unknown> => host.executeCommand('sample.open', path);
    const address = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
    void open(`/sign-in?url=${encodeURIComponent(address)}`);
    await answerDialog('A link wants you to sign in', 'Go On');
    await quickInput.waitFor(/Sign In/);
    await vscode.screenshot('link-sign-in');
    await quickInput.dismiss();
    const target = `${gitea.host}/dev/by-link:1`;
    void open(`/push?image=app%3A1&target=${encodeURIComponent(target)}`);
    await answerDialog(`A link wants you to push app:1 to ${target}`, 'Go On');
    await quickInput.waitFor(/Push Image/);
    await vscode.screenshot('link-push');
    await page.keyboard.press('Escape');
    await quickInput.gone();
    // The dialog asks whether a push is allowed: it opens and closes an upload session, and sends nothing.
    const sent = gitea.requests.filter(({ method, path }) => path.includes('by-link') && /^(PATCH|PUT)$/.test(method));
    assert.deepEqual(sent, [], 'nothing was pushed');
    assert.deepEqual(gitea.openSessions(), []);
    void open(`/sign-in?url=${encodeURIComponent(address)}&token=s3cret`);
    const refusal = await notifications.waitFor(/has a secret in it/);
    assert.ok(!refusal.includes('s3cret'));
  });
});
