import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { createCloser } from '../tools/closer.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { needCommand } from '../tools/findCommand.ts';
import { loadImages } from '../tools/images.ts';
import { run } from '../tools/run.ts';
import { makeScratch } from '../tools/scratch.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const selectEngine = 'Tea Chest: Select Container Engine…';

/** The choice of the engine by a person, and by `docker context use` in a terminal, in a real VS Code. */
suite('the choice of the engine', { timeout: 300_000 }, () => {
  const closer = createCloser();
  let engines: readonly Engine[];
  let vscode: VscodeWindow;
  let docker: (...args: string[]) => Promise<unknown>;

  before(async () => {
    const folder = await makeScratch('contexts');
    closer.add(() => folder.remove());
    const env = { DOCKER_CONFIG: folder.path, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };
    docker = (...args) => run(needCommand('docker', 'docker.io', ['/usr/bin']), args, { env });
    engines = await Promise.all([startPrivateEngine(), startPrivateEngine()]);
    for (const engine of engines) closer.add(() => engine.stop());
    for (const [index, engine] of engines.entries()) {
      const name = ['home', 'office'][index] ?? '';
      await loadImages(engine, [{ tags: [`app-of-${name}:1`], layers: [{ 'app/data': name }], labels: {} }]);
      await docker(
        'context',
        'create',
        name,
        '--description',
        `The engine at ${name}`,
        '--docker',
        `host=${engine.host}`,
      );
    }
    await docker('context', 'use', 'home');
    vscode = await openVscode({ env: { DOCKER_HOST: '', DOCKER_CONTEXT: '', DOCKER_CONFIG: folder.path } });
    closer.add(() => vscode.close());
    await vscode.sideBar.open('Tea Chest');
  });

  after(() => closer.close());

  /** Waits until the view has the images of one engine alone, and says which. */
  async function showsEngine(name: string, where: string): Promise<void> {
    const images = vscode.sideBar.view('Images');
    await images.row(`app-of-${name}`).waitFor();
    assert.equal((await images.rows()).length, 1);
    await described(`Docker ${engines[0]?.version.replace(/\+.*/, '') ?? ''} · ${where}`);
  }

  const described = (text: string): Promise<void> =>
    vscode.page.locator('.pane-header .description').filter({ hasText: text }).first().waitFor();

  test('the view says which engine it shows, and follows “docker context use”', async () => {
    await showsEngine('home', 'context home');
    await vscode.screenshot('engine-of-context');
    await docker('context', 'use', 'office');
    await showsEngine('office', 'context office');
  });

  test('a context that is picked from the list is shown, whichever is the current one', async () => {
    const { quickInput } = vscode;
    await quickInput.runCommand(selectEngine);
    await quickInput.waitFor('Select Container Engine');
    await vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'office' }).first().waitFor();
    await vscode.screenshot('engine-list');
    const rows = (await quickInput.rows()).join('\n');
    assert.match(rows, /Automatic.*chosen · now unix:.*office/);
    assert.match(rows, /office.*docker context · current · The engine at office · unix:/);
    await quickInput.pick('The engine at home');
    await showsEngine('home', 'context home');
    await docker('context', 'use', 'home');
    await docker('context', 'use', 'office');
    const [engine] = await vscode.host.executeCommand<{ references: string[] }[]>('teaChest.listImages');
    assert.deepEqual(engine?.references, ['app-of-home:1']);
  });

  test('a changed address of the chosen context is followed, and a removed one offers the others', async () => {
    await docker('context', 'update', 'home', '--docker', `host=${engines[1]?.host ?? ''}`);
    await showsEngine('office', 'context home');
    await docker('context', 'rm', 'home');
    const images = vscode.sideBar.view('Images');
    assert.match(await images.welcome(), /The chosen docker context does not exist/);
    await described('context home · does not exist');
    await vscode.screenshot('engine-context-removed');
    await vscode.page.getByRole('button', { name: 'Select Another Engine' }).first().click();
    await vscode.quickInput.waitFor('Select Container Engine');
    await vscode.quickInput.pick('Automatic');
    await showsEngine('office', 'context office');
  });

  test('a typed address is checked, and its engine shown', async () => {
    const { quickInput } = vscode;
    await quickInput.runCommand(selectEngine);
    await quickInput.waitFor('Select Container Engine');
    await quickInput.pick('Enter an address');
    await quickInput.waitFor(/as in DOCKER_HOST|ssh:\/\//);
    await quickInput.type('ftp://box');
    await quickInput.accept();
    await quickInput.message(/“ftp:\/\/” is not a way to reach an engine/);
    await vscode.screenshot('engine-address-refused');
    const host = engines[0]?.host ?? '';
    await quickInput.type(host);
    await quickInput.accept();
    await showsEngine('home', host.replace('unix://', ''));
    const automatic = await vscode.host.executeCommand<{ source: string }>('teaChest.selectEngine', {});
    assert.equal(automatic.source, 'the docker context “office”');
    await showsEngine('office', 'context office');
  });
});
