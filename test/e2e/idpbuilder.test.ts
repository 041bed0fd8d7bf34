import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { checkStored } from '../tools/checkPushed.ts';
import { clusterHosts, startClusterGitea, type ClusterGitea } from '../tools/clusterGitea.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { makeFakeClusters, type FakeClusters } from '../tools/fakeCluster.ts';
import { canNameHosts } from '../tools/hostNames.ts';
import { buildImage } from '../tools/images.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const passwords = ['first marked feedface', 'second marked feedface', 'third marked feedface'] as const;
const skip = canNameHosts() ? false : 'it needs host names of its own: Linux, as root';

/** A cluster of idpbuilder by clicking: noticed, connected to, pushed to, made anew, reconnected. */
suite('the Gitea of a cluster of idpbuilder', { skip, timeout: 600_000 }, () => {
  let scratch: Scratch;
  let engine: Engine;
  let puller: Engine;
  let fake: FakeClusters;
  let now: ClusterGitea;
  let vscode: VscodeWindow;
  let calls: string;

  before(async () => {
    scratch = await makeScratch('idpbuilder');
    calls = join(scratch.path, 'calls');
    await writeFile(calls, '');
    const home = join(scratch.path, 'home');
    [engine, puller, fake, now] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      makeFakeClusters(scratch.path, home, calls),
      startClusterGitea({ password: passwords[0], authority: 'Zmlyc3Q=' }),
    ]);
    await fake.set({ 'kind-localdev': now.cluster });
    // VS Code takes the PATH of the person’s login shell.
    await writeFile(join(home, '.profile'), `PATH='${fake.bin}':$PATH\n`);
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host, HOME: home },
      hosts: clusterHosts,
    });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), puller.stop(), now.stop()]);
    await scratch.remove();
  });

  const dialog = () => vscode.page.locator('.monaco-dialog-box');
  const press = (button: string): Promise<void> => dialog().locator('.monaco-button', { hasText: button }).click();
  const theme = (name: string): Promise<void> => vscode.host.configure('workbench.colorTheme', name);

  /** Deletes the cluster and makes it again, as `idpbuilder create --recreate` does. */
  async function makeAnew(password: string, usePathRouting = false): Promise<void> {
    const port = now.cluster.port;
    await now.stop();
    now = await startClusterGitea({
      password,
      authority: Buffer.from(password).toString('base64'),
      port,
      usePathRouting,
    });
    await fake.set({ 'kind-localdev': now.cluster });
  }

  /** Pulls back through the ingress, by skopeo and by another engine. */
  async function check(
    repository: string,
    built: Awaited<ReturnType<typeof buildImage>>,
    password: string,
  ): Promise<void> {
    const credentials = { username: 'giteaAdmin', secret: password };
    await checkStored({ reference: `${now.address}/${repository}`, built, puller, credentials });
  }

  test('is noticed without a program, and connected to by one question that shows its certificate', async () => {
    const { sideBar, notifications } = vscode;
    const registries = sideBar.view('Registries');
    await vscode.page
      .locator('.welcome-view-content', { hasText: 'This machine has a cluster of idpbuilder' })
      .waitFor();
    assert.equal(await readFile(calls, 'utf8'), '');
    await vscode.screenshot('idpbuilder-noticed-dark');
    const connect = vscode.page.locator('.welcome-view-content .monaco-button', { hasText: 'Connect to idpbuilder' });
    await connect.click();
    await dialog().waitFor();
    const question = await dialog().innerText();
    assert.match(question, /Connect to the Gitea of the idpbuilder cluster “localdev”\?/);
    assert.ok(question.includes(`https://${now.host} (the cluster says so)`), question);
    assert.match(question, /the certificate that the cluster “localdev” itself has \(compared by kubectl\)/);
    await vscode.screenshot('idpbuilder-connect-dark');
    await press('Cancel');
    await theme('Default Light Modern');
    await connect.click();
    await dialog().waitFor();
    await vscode.screenshot('idpbuilder-connect-light');
    await press('Connect');
    const text = await notifications.waitFor(`Signed in to ${now.host}`);
    assert.match(text, / as giteaAdmin with the login of idpbuilder\. The token “.*” was made/);
    await registries.row(now.host).waitFor();
    await vscode.screenshot('idpbuilder-connected-light');
  });

  test('gets a push, whose owner is suggested in small letters', async () => {
    const { quickInput, notifications, sideBar } = vscode;
    const built = await buildImage(engine, { tags: ['app:1'], layers: [{ megabytes: 1 }] });
    await vscode.host.executeCommand('notifications.clearAll');
    const row = sideBar.view('Images').row('app');
    await row.waitFor();
    await sideBar.view('Images').chooseFromMenu('app', 'Push to Registry…');
    // The first row proposes the whole destination.
    await vscode.page.locator('.quick-input-list .monaco-list-row', { hasText: '/giteaadmin/app' }).first().waitFor();
    assert.match((await quickInput.rows())[0] ?? '', /\/giteaadmin\/app:1/);
    await vscode.screenshot('idpbuilder-push-light');
    // Images of the administrator of idpbuilder's Gitea can be pulled by anybody.
    assert.match((await quickInput.rows())[0] ?? '', /giteaadmin is public/);
    await quickInput.accept();
    await notifications.waitFor(`Pushed ${now.host}/giteaadmin/app:1`);
    await check('giteaadmin/app:1', built, passwords[0]);
  });

  test('made anew is noticed in kubeconfig, and reconnected by one click; then the push works again', async () => {
    const { notifications } = vscode;
    await vscode.host.executeCommand('notifications.clearAll');
    await makeAnew(passwords[1]);
    await notifications.waitFor('The idpbuilder cluster “localdev” was made anew');
    await vscode.screenshot('idpbuilder-made-anew-light');
    await notifications.click('was made anew', 'Reconnect');
    await notifications.waitFor(`Signed in to ${now.host}`);
    const built = await buildImage(engine, { tags: ['app:2'], layers: [{ megabytes: 1 }] });
    const target = `${now.host}/giteaadmin/app:2`;
    await vscode.host.executeCommand('teaChest.pushImage', { image: 'app:2', target });
    await check('giteaadmin/app:2', built, passwords[1]);
  });

  test('made anew unnoticed: the push says so, and one click reconnects and pushes', async () => {
    const { notifications } = vscode;
    await theme('Default Dark Modern');
    await vscode.host.executeCommand('notifications.clearAll');
    const { authority } = now.cluster;
    await makeAnew(passwords[2]);
    // The same authority as before: kubeconfig does not tell.
    await fake.set({ 'kind-localdev': { ...now.cluster, authority } });
    const built = await buildImage(engine, { tags: ['app:3'], layers: [{ megabytes: 1 }] });
    const target = `${now.host}/giteaadmin/app:3`;
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:3', target }));
    const text = await notifications.waitFor('seems to have been made anew');
    assert.match(text, /shows another certificate than the one you trusted\. The idpbuilder cluster “localdev” seems/);
    await vscode.screenshot('idpbuilder-push-made-anew-dark');
    await notifications.click('seems to have been made anew', 'Reconnect');
    await notifications.waitFor(`Pushed ${target}`);
    await check('giteaadmin/app:3', built, passwords[2]);
  });

  test('with path routing is found below /gitea, and its images are reached by both names', async () => {
    const { host, notifications, sideBar } = vscode;
    await host.executeCommand('notifications.clearAll');
    await host.executeCommand('teaChest.signOut', { url: `https://${now.host}` });
    await makeAnew(passwords[0], true);
    const connected = await host.executeCommand('teaChest.connectIdpbuilder', {});
    const expected = { origin: `https://${now.host}`, username: 'giteaAdmin', context: 'kind-localdev' };
    assert.deepEqual(connected, expected);
    await sideBar.view('Registries').row(now.host).waitFor();
    const built = await buildImage(engine, { tags: ['app:4'], layers: [{ megabytes: 1 }] });
    const target = `${now.host}/giteaadmin/app:4`;
    await host.executeCommand('teaChest.pushImage', { image: 'app:4', target });
    await notifications.waitFor(`Pushed ${target}`);
    await check('giteaadmin/app:4', built, passwords[0]);
    // idpbuilder's ingress also takes the name with the sub-path.
    await check('gitea/giteaadmin/app:4', built, passwords[0]);
  });

  test('no password of the clusters is in what VS Code has written, or in the arguments of a program', async () => {
    const entries = await readdir(vscode.dataFolder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    let log = '';
    for (const file of [...files, calls]) {
      const text = await readFile(file, 'utf8');
      for (const password of passwords) {
        const basic = Buffer.from(`giteaAdmin:${password}`).toString('base64');
        for (const form of [password, basic, encodeURIComponent(password)]) {
          assert.ok(!text.includes(form), `${file} has a password`);
        }
      }
      if (file.includes('Tea Chest')) log += text;
    }
    assert.match(log, /the Gitea of the cluster kind-localdev, with the login of idpbuilder/);
  });
});
