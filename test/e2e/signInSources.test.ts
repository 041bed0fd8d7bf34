import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const password = 'dev pässword: with everything';
const wrongPassword = 'feedface-wrong-password-of-docker';

/** Sign-ins by clicking, with logins that other programs have left on the machine. */
suite('signing in with what the machine has', { timeout: 600_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let ofDocker: FakeGitea;
  let ofEnvironment: FakeGitea;
  let ofTea: FakeGitea;
  let tokens: { readonly environment: string; readonly tea: string };
  let vscode: VscodeWindow;

  before(async () => {
    [engine, puller, ofDocker, ofEnvironment, ofTea] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      startFakeGitea({ tls: 'valid' }),
      startFakeGitea({ tls: 'valid' }),
    ]);
    tokens = {
      environment: ofEnvironment.createToken('dev', ['write:package', 'read:user', 'read:organization']),
      tea: ofTea.createToken('dev', ['write:package']),
    };
    const basic = (secret: string): string => Buffer.from(`dev:${secret}`).toString('base64');
    vscode = await openVscode({
      env: { DOCKER_HOST: engine.host, GITEA_SERVER_URL: ofEnvironment.url, GITEA_TOKEN: tokens.environment },
      folder: { '.git/config': `[remote "origin"]\n\turl = ${ofDocker.url}/dev/app.git\n` },
      home: {
        '.docker/config.json': JSON.stringify({
          auths: {
            'https://index.docker.io/v1/': { auth: basic('hub') },
            [ofDocker.host]: { auth: basic(password) },
            [ofTea.host]: { auth: basic(wrongPassword) },
          },
        }),
        '.config/tea/config.yml': `logins:\n  - name: work\n    url: ${ofTea.url}\n    token: ${tokens.tea}\n    user: dev\n`,
      },
    });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), puller.stop(), ofDocker.close(), ofEnvironment.close(), ofTea.close()]);
  });

  async function trust(): Promise<void> {
    const button = vscode.page.locator('.monaco-dialog-box .monaco-button');
    await button.filter({ hasText: 'Trust This Certificate' }).click();
  }

  const question = (gitea: FakeGitea): string => `How do you want to sign in to ${gitea.host}?`;

  test('docker’s config.json: the address and the login are offered, a token is made of the password', async () => {
    const { quickInput, notifications, sideBar } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.waitFor('Address of Gitea, Forgejo or another container registry');
    const addresses = await quickInput.rows();
    assert.equal(addresses.length, 4, addresses.join('\n'));
    assert.doesNotMatch(addresses.join('\n'), /docker\.io/);
    assert.match(addresses[0] ?? '', /git remote, Docker \(config\.json\)/);
    await vscode.screenshot('sign-in-addresses-dark');
    await quickInput.pick(ofDocker.host);
    await trust();
    await quickInput.waitFor(question(ofDocker));
    const rows = await quickInput.rows();
    assert.match(rows.join('\n'), /Use the login of Docker \(config\.json\).*dev/);
    assert.match(rows.join('\n'), /Enter user name and token or password/);
    assert.equal(rows.length, 2, rows.join('\n'));
    await vscode.screenshot('sign-in-login-of-docker-dark');
    await quickInput.pick('Use the login of Docker');
    await quickInput.waitFor(/What should be stored/);
    await vscode.screenshot('sign-in-token-dark');
    await quickInput.pick('A token made now');
    const text = await notifications.waitFor(`Connected to ${ofDocker.host}`);
    assert.match(
      text,
      /: dev · Gitea 1\.26\.4, with the login of Docker \(config\.json\)\. The token “Tea Chest on .+” was made/,
    );
    await vscode.screenshot('sign-in-done-dark');
    await sideBar.view('Registries').row(ofDocker.host).waitFor();
    const [token] = ofDocker.directory.tokensOf(ofDocker.directory.user('dev').id);
    assert.match(token?.scope ?? '', /write:package/);
    await vscode.host.executeCommand('notifications.clearAll');
  });

  test('the environment: a push to a registry without a sign-in offers GITEA_TOKEN, and goes on with it', async () => {
    const { quickInput, notifications } = vscode;
    const built = await buildImage(engine, { tags: ['app:1'], layers: [{ megabytes: 1 }] });
    const reference = `${ofEnvironment.host}/dev/app:1`;
    await assert.rejects(vscode.host.executeCommand('teaChest.pushImage', { image: 'app:1', target: reference }));
    await notifications.click('not signed in', 'Sign In');
    await quickInput.waitFor('(1/3)');
    await quickInput.accept();
    await trust();
    await quickInput.waitFor(question(ofEnvironment));
    await vscode.screenshot('sign-in-environment-dark');
    await quickInput.pick('Use GITEA_TOKEN');
    await notifications.waitFor('with the login of GITEA_TOKEN');
    await notifications.waitFor(`Pushed ${reference}`);
    const credentials = { username: 'dev', secret: tokens.environment };
    await checkStored({ reference, built, puller, credentials });
    await vscode.host.executeCommand('notifications.clearAll');
  });

  test('tea: docker’s old password is refused and said so, tea’s token is used, and what it lacks is said', async () => {
    const { quickInput, notifications } = vscode;
    await vscode.host.configure('workbench.colorTheme', 'Default Light Modern');
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.pick(ofTea.host);
    await trust();
    await quickInput.waitFor(question(ofTea));
    await vscode.screenshot('sign-in-two-logins-light');
    await quickInput.pick('Use the login of Docker');
    const row = vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'did not work' });
    await row.waitFor();
    assert.match(await row.innerText(), /The login of Docker \(config\.json\) did not work[^]*does not accept/);
    await notifications.waitFor(/did not work: .* belong to another server/);
    await vscode.screenshot('sign-in-refused-login-light');
    await quickInput.pick('Use the login of tea (work)');
    const text = await notifications.waitFor(`Connected to ${ofTea.host}`);
    assert.match(text, /with the login of tea \(work\)\. The token lacks the scopes read:user and read:organization/);
    await quickInput.gone();
    await vscode.screenshot('sign-in-missing-scopes-light');
  });

  test('no secret of these programs is in what VS Code has written', async () => {
    const secrets = [password, wrongPassword, ...Object.values(tokens)];
    const forms = secrets.flatMap((secret) => [
      secret,
      Buffer.from(`dev:${secret}`).toString('base64'),
      encodeURIComponent(secret),
    ]);
    const entries = await readdir(vscode.dataFolder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    let log = '';
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const text = await readFile(path, 'utf8');
      for (const form of forms) assert.ok(!text.includes(form), `${path} has a secret`);
      if (file.name.includes('Tea Chest')) log += text;
    }
    assert.match(log, /with the login of tea \(work\)/, 'the log was among the files');
  });
});
