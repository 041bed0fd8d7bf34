import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage } from '../tools/images.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const password = 'dev pässword: with everything';
const wrongPassword = 'feedface-wrong-password-of-docker';

/** Each of these sources has a user of its own, whose password says whose it is. */
const others = [
  { user: 'ofidpbuilder', row: 'Use the login of idpbuilder', source: 'idpbuilder' },
  {
    user: 'ofhelper',
    row: 'Use the login of Docker (credential helper planted)',
    source: 'Docker (credential helper planted)',
  },
  { user: 'ofpodman', row: 'Use the login of Podman', source: 'Podman (auth.json)' },
  { user: 'ofgit', row: 'Use the login of git', source: 'git' },
  { user: 'ofkeyring', row: 'Use the login of the system keyring', source: 'the system keyring (idpbuilder)' },
] as const;

const passwordOf = (user: string): string => `feedface-password-${user}`;

/** Programs that give a login by the protocols of Docker, git and libsecret. */
const programs = {
  'docker-credential-planted': `cat > /dev/null; echo '{"Username":"ofhelper","Secret":"${passwordOf('ofhelper')}"}'`,
  'git-credential-planted': `cat > /dev/null; printf 'username=ofgit\\npassword=${passwordOf('ofgit')}\\n'`,
  'secret-tool': `case "$5" in gitea_username) printf ofkeyring;; gitea_password) printf ${passwordOf('ofkeyring')};; esac`,
};

/** Sign-ins by clicking, with logins that other programs have left on the machine. */
suite('signing in with what the machine has', { timeout: 600_000 }, () => {
  let engine: Engine;
  let puller: Engine;
  let ofDocker: FakeGitea;
  let ofEnvironment: FakeGitea;
  let ofTea: FakeGitea;
  let ofOthers: FakeGitea;
  let scratch: Scratch;
  let tokens: { readonly environment: string; readonly tea: string };
  let vscode: VscodeWindow;

  before(async () => {
    scratch = await makeScratch('programs');
    for (const [name, script] of Object.entries(programs)) {
      await writeFile(join(scratch.path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const users = others.map(({ user }) => ({ name: user, password: passwordOf(user) }));
    [engine, puller, ofDocker, ofEnvironment, ofTea, ofOthers] = await Promise.all([
      startPrivateEngine(),
      startPrivateEngine(),
      startFakeGitea({ tls: 'valid' }),
      startFakeGitea({ tls: 'valid' }),
      startFakeGitea({ tls: 'valid' }),
      startFakeGitea({ tls: 'valid', seed: { users, organizations: [] } }),
    ]);
    tokens = {
      environment: ofEnvironment.createToken('dev', [
        'write:package',
        'read:user',
        'read:organization',
        'read:repository',
      ]),
      tea: ofTea.createToken('dev', ['write:package']),
    };
    const basic = (secret: string, user = 'dev'): string => Buffer.from(`${user}:${secret}`).toString('base64');
    vscode = await openVscode({
      env: {
        DOCKER_HOST: engine.host,
        ...{ GITEA_SERVER_URL: ofEnvironment.url, GITEA_TOKEN: tokens.environment },
        ...{ GITEA_USERNAME: 'dev', GITEA_PASSWORD: password },
      },
      folder: { '.git/config': `[remote "origin"]\n\turl = ${ofDocker.url}/dev/app.git\n` },
      home: {
        '.docker/config.json': JSON.stringify({
          auths: {
            'https://index.docker.io/v1/': { auth: basic('hub') },
            [ofDocker.host]: { auth: basic(password) },
            [ofTea.host]: { auth: basic(wrongPassword) },
          },
          credHelpers: { [ofOthers.host]: 'planted' },
        }),
        '.config/containers/auth.json': JSON.stringify({
          auths: { [ofOthers.host]: { auth: basic(passwordOf('ofpodman'), 'ofpodman') } },
        }),
        '.idpbuilder/config': JSON.stringify({
          registries: {
            gitea: { url: ofOthers.url, username: 'ofidpbuilder', password: passwordOf('ofidpbuilder') },
          },
        }),
        // VS Code takes the PATH of the person’s login shell.
        '.profile': `PATH='${scratch.path}':$PATH\n`,
        '.gitconfig': `[credential "${ofOthers.url}"]\n\thelper = planted\n`,
        '.config/tea/config.yml': `logins:\n  - name: work\n    url: ${ofTea.url}\n    token: ${tokens.tea}\n    user: dev\n`,
      },
    });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), puller.stop(), ofDocker.close(), ofEnvironment.close(), ofTea.close()]);
    await ofOthers.close();
    await scratch.remove();
  });

  async function trust(): Promise<void> {
    const button = vscode.page.locator('.monaco-dialog-box .monaco-button');
    await button.filter({ hasText: 'Trust This Certificate' }).click();
  }

  /** Signs in to an address of the list by clicking, with the lock in the row of this login, and keeps its password in memory. */
  async function signInForSession(gitea: FakeGitea, row: string): Promise<void> {
    const { page, quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.pick(gitea.host);
    await trust();
    await quickInput.waitFor(question(gitea));
    const shown = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: row }).first();
    await shown.hover();
    await shown.locator('.action-label[aria-label^="Choose What Is Stored"]').click();
    await quickInput.waitFor(/What should be stored/);
    await quickInput.pick('Nothing: keep the password');
  }

  const question = (gitea: FakeGitea): string => `How do you want to sign in to ${gitea.host}?`;

  test('docker’s config.json: the first push takes at most six clicks, and a token is made of the password', async (t) => {
    const { quickInput, notifications, sideBar } = vscode;
    const built = await buildImage(engine, { tags: ['web:1'], layers: [{ megabytes: 1 }] });
    await sideBar.view('Images').row('web').waitFor();
    await sideBar.view('Images').clickButton('web', 'Push to Registry…');
    await quickInput.waitFor('First sign in to a registry');
    const addresses = await quickInput.rows();
    assert.equal(addresses.length, 5, addresses.join('\n'));
    assert.doesNotMatch(addresses.join('\n'), /docker\.io/);
    assert.match(addresses[0] ?? '', /git remote, Docker \(config\.json\)/);
    await vscode.screenshot('sign-in-addresses-dark');
    await quickInput.pick(ofDocker.host);
    await trust();
    await quickInput.waitFor(question(ofDocker));
    const rows = await quickInput.rows();
    assert.match(rows.join('\n'), /Use the login of Docker \(config\.json\).*dev/);
    assert.match(rows.join('\n'), /Enter user name and token or password/);
    // The keyring does not say for which registry of this machine its entry is.
    assert.match(rows.join('\n'), /Use the login of the system keyring \(idpbuilder\)/);
    assert.equal(rows.length, 3, rows.join('\n'));
    await vscode.screenshot('sign-in-login-of-docker-dark');
    await quickInput.pick('Use the login of Docker');
    const text = await notifications.waitFor(`Signed in to ${ofDocker.host}`);
    assert.match(text, / as dev with the login of Docker \(config\.json\)\. The token “Tea Chest on .+” was made/);
    await quickInput.waitFor(/Where should web:1 go\?/);
    await vscode.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'Push to' }).first().waitFor();
    await vscode.screenshot('sign-in-done-dark');
    await quickInput.accept();
    const reference = `${ofDocker.host}/dev/web:1`;
    await notifications.waitFor(`Pushed ${reference} in`);
    const clicks = vscode.clicks.all();
    t.diagnostic(`from zero to the first push with docker’s login: ${clicks.length} clicks (${clicks.join(' · ')})`);
    assert.ok(clicks.length <= 6, clicks.join('\n'));
    await checkStored({ reference, built, puller, credentials: { username: 'dev', secret: password } });
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
    const text = await notifications.waitFor(`Signed in to ${ofTea.host}`);
    assert.match(
      text,
      /with the login of tea \(work\)\. The token lacks the scopes read:user and read:repository: your own name/,
    );
    await quickInput.gone();
    await vscode.screenshot('sign-in-missing-scopes-light');
  });

  test('the user and the password of the environment: used for this window, and not stored', async () => {
    const { notifications } = vscode;
    await vscode.host.executeCommand('notifications.clearAll');
    await vscode.host.executeCommand('teaChest.signOut', { url: ofEnvironment.url });
    await signInForSession(ofEnvironment, 'Use GITEA_USERNAME and GITEA_PASSWORD');
    const text = await notifications.waitFor(`Signed in to ${ofEnvironment.host}`);
    assert.match(text, / as dev with the login of GITEA_USERNAME and GITEA_PASSWORD\./);
    assert.match(text, /used until this window closes, and not stored/);
  });

  test('idpbuilder’s config, a helper of Docker, Podman, git and the keyring: each row signs in its own user', async () => {
    const { notifications } = vscode;
    for (const { user, row, source } of others) {
      await vscode.host.executeCommand('notifications.clearAll');
      await signInForSession(ofOthers, row);
      const text = await notifications.waitFor(`Signed in to ${ofOthers.host}`);
      assert.ok(text.includes(` as ${user} with the login of ${source}.`), text);
      await vscode.host.executeCommand('teaChest.signOut', { url: ofOthers.url });
    }
  });

  test('no secret of these programs is in what VS Code has written', async () => {
    const secrets = [
      ...[password, wrongPassword, ...Object.values(tokens)],
      ...others.map(({ user }) => passwordOf(user)),
    ];
    const users = ['dev', 'token', ...others.map(({ user }) => user)];
    const forms = secrets.flatMap((secret) => [
      ...[secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')],
      // As HTTP Basic and the files of docker and podman have it, also with another user.
      ...users.map((user) => Buffer.from(`${user}:${secret}`).toString('base64')),
      JSON.stringify(secret).slice(1, -1),
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
