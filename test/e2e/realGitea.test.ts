import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';

import { basic } from '../contract/support/rawHttp.ts';
import { Target, type Account } from '../contract/support/target.ts';
import { checkStored } from '../tools/checkPushed.ts';
import { startPrivateEngine, type Engine } from '../tools/engine.ts';
import { buildImage, inspectImage, type BuiltImage } from '../tools/images.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const skip =
  process.env['GITEA_URL'] === undefined
    ? 'needs a real Gitea at GITEA_URL, with GITEA_USERNAME and GITEA_PASSWORD; the other stories have the fake one'
    : false;

/** What a person does from the sign-in to the deletion, with a Gitea that is none of ours. */
suite('by hand with a real Gitea', { skip, timeout: 300_000 }, () => {
  let target: Target;
  let user: Account;
  let organization: string;
  let repository: string;
  /** The name of the image in the engine and in the registry. */
  let image: string;
  let engine: Engine;
  let puller: Engine;
  let built: BuiltImage;
  let vscode: VscodeWindow;

  before(async () => {
    target = await Target.open();
    user = await target.ordinaryUser();
    [organization, repository] = [await target.organization('private', user), await target.repository(user)];
    image = target.image('app', user);
    [engine, puller] = await Promise.all([startPrivateEngine(), startPrivateEngine()]);
    built = await buildImage(engine, { tags: [`${image}:1.0`], layers: [{ megabytes: 3 }, { megabytes: 1 }] });
    vscode = await openVscode({ env: { DOCKER_HOST: engine.host }, size: { width: 1280, height: 1000 } });
    await vscode.sideBar.open('Tea Chest');
  });

  after(async () => {
    await vscode.close();
    await Promise.all([engine.stop(), puller.stop()]);
    await target.close();
  });

  afterEach(async () => {
    // Away from the rows: a tooltip of one would lie over the next.
    await vscode.page.mouse.move(1000, 650);
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');
  const images = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Images');
  const host = (): string => new URL(target.http.origin).host;
  const owner = (): string => user.name.toLowerCase();
  const credentials = (): { username: string; secret: string } => ({ username: user.name, secret: user.password });

  async function api(path: string, status = 200): Promise<unknown> {
    const answer = await target.rest('GET', path, undefined, basic(user.name, user.password));
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  async function answer(question: string | RegExp, button: string): Promise<void> {
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: question });
    await dialog.locator('.monaco-button').filter({ hasText: button }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** Types the address with the user before it, allows http if it is that, and leaves the password to the caller. */
  async function typeAddress(name: string): Promise<void> {
    const { quickInput, page } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    const url = new URL(`${target.http.origin}${target.subPath}`);
    url.username = name;
    await quickInput.waitFor(/Address|Sign In to a Registry/);
    await quickInput.type(url.href.replace(/\/$/, ''));
    await quickInput.accept();
    if (url.protocol === 'http:') await answer('without encryption?', 'Use http');
    await page.getByText(`password of ${name} on ${host()}`).first().waitFor();
  }

  /** Waits until the push dialog proposes this owner. */
  async function proposes(name: string): Promise<void> {
    await vscode.quickInput.waitFor(/^Where should/);
    const row = vscode.page.locator('.quick-input-list .monaco-list-row').first();
    await row.filter({ hasText: `${name}/${image}:1.0` }).waitFor();
  }

  /** The names of the tokens that the sign-ins have made for a user, with their scopes. */
  async function madeTokens({ name, password }: Account): Promise<readonly (readonly [string, string])[]> {
    // With a second factor, an administrator may read the list; Gitea up to 1.20 shows them their own.
    const isShownToAdmin = target.capabilities.admin && target.has('ownTokensAlone');
    const as = isShownToAdmin ? undefined : basic(name, password);
    const listed = await target.rest('GET', `/users/${name}/tokens`, undefined, as);
    const rows = JSON.parse(listed.text) as { name: string; scopes?: string[] | null }[];
    return rows
      .filter((row) => row.name.startsWith('Tea Chest on '))
      .map((row) => [row.name, row.scopes?.join() ?? '']);
  }

  async function digestOf(tag: string): Promise<string | undefined> {
    const headers = await target.authorize(user.name, user.password);
    const found = await target.registry('HEAD', `/v2/${owner()}/${image}/manifests/${tag}`, { headers });
    return found.status === 200 ? String(found.headers['docker-content-digest']) : undefined;
  }

  test('a password that is typed is exchanged for a token, which is stored', async () => {
    const { quickInput, notifications } = vscode;
    await typeAddress(user.name);
    await vscode.screenshot('real-password-dark');
    await quickInput.type(user.password);
    await quickInput.accept();
    const text = await notifications.waitFor(`Signed in to ${host()} as ${user.name} with a new token.`);
    const [name, scopes] = (await madeTokens(user)).at(-1) ?? assert.fail('no token was made');
    assert.ok(text.includes(`The token “${name}” was made and stored, the password was not.`), text);
    assert.doesNotMatch(text, /lacks/);
    const expected = target.has('tokenScopes') ? ['write:package', 'read:user'] : [];
    for (const scope of expected) assert.ok(scopes.includes(scope), scopes);
    await vscode.screenshot('real-signed-in-dark');
  });

  test('an image is pushed, and pulled by others as it was built', async () => {
    const { quickInput, notifications } = vscode;
    await images().clickButton(`${image}:1.0`, 'Push to Registry…');
    await proposes(owner());
    await vscode.screenshot('real-push-target-dark');
    await quickInput.accept();
    const reference = `${host()}/${owner()}/${image}:1.0`;
    await notifications.waitFor(`Pushed ${reference} in`);
    await checkStored({ reference, built, puller, credentials: credentials() });
  });

  test('one is pushed to a private organization by choosing it', async () => {
    const { quickInput, notifications } = vscode;
    await images().clickButton(`${image}:1.0`, 'Push to Registry…');
    await quickInput.changePart('Owner');
    if (target.has('organizationsByScope')) await quickInput.pick(organization);
    else {
      await quickInput.type(organization);
      await quickInput.accept();
    }
    await proposes(organization);
    await quickInput.accept();
    const reference = `${host()}/${organization}/${image}:1.0`;
    await notifications.waitFor(`Pushed ${reference} in`);
    await checkStored({ reference, built, puller, credentials: credentials() });
  });

  test('the Registries view shows both owners, the image and its tag with digest and platform', async () => {
    const { quickInput } = vscode;
    await registries().clickAction('Refresh Registries');
    await registries().expand(host());
    if (!target.has('organizationsByScope')) {
      await registries().chooseFromMenu(host(), 'Add Owner or Repository…');
      await quickInput.waitFor('Add Owner');
      await quickInput.type(organization);
      await quickInput.accept();
    }
    await registries()
      .row(new RegExp(`^${organization}(?:added by you)?$`))
      .waitFor();
    await registries().expand(new RegExp(`^${owner()}public`));
    await registries().expand(new RegExp(`^${image}`));
    const digest = (await digestOf('1.0'))?.slice(7, 19) ?? '';
    await registries()
      .row(new RegExp(`^1\\.0${digest} `))
      .filter({ hasText: /MB · linux\// })
      .waitFor();
    await vscode.screenshot('real-registries-dark');
  });

  test('another tag is the same manifest', async () => {
    const { quickInput, notifications } = vscode;
    await registries().chooseFromMenu(/^1\.0[0-9a-f]{12}/, 'Add Tag…');
    await quickInput.waitFor('Add Tag');
    await quickInput.type('stable');
    await quickInput.accept();
    await notifications.waitFor(/:stable stands for/);
    await registries()
      .row(/^stable/)
      .waitFor();
    assert.equal(await digestOf('stable'), await digestOf('1.0'));
  });

  test('the image is linked to a repository, and unlinked', async () => {
    const { quickInput, notifications } = vscode;
    const linkedTo = async (): Promise<string | undefined> => {
      const version = await api(`/packages/${owner()}/container/${image}/1.0`);
      return (version as { repository: { name: string } | null }).repository?.name;
    };
    const row = new RegExp(`^${image}`);
    await registries().chooseFromMenu(row, 'Link to Repository…');
    await quickInput.waitFor('Link to Repository');
    // The list of repositories needs a scope that the token may lack: then the name is typed.
    await quickInput.type(repository);
    await quickInput.accept();
    if (!target.has('linkApi')) {
      await notifications.waitFor('or the server is older than Gitea 1.24 or Forgejo 11, which cannot do this');
      return;
    }
    await notifications.waitFor(`linked to the repository ${repository} now`);
    assert.equal(await linkedTo(), repository);
    await registries().row(`linked to ${repository}`).waitFor();
    await registries().chooseFromMenu(row, 'Unlink from Repository…');
    await answer(`from the repository ${repository}?`, 'Unlink');
    await registries().row(`linked to ${repository}`).waitFor({ state: 'detached' });
    assert.equal(await linkedTo(), undefined);
  });

  test('a tag is compared with the image in the engine', async () => {
    const { page, quickInput } = vscode;
    const question = page.locator('.quick-input-title').filter({ hasText: 'Compare with Local Image' });
    // The view is still being read anew after the link. Who is as fast as a test is asked to choose once more.
    const isLost = page.getByText('Choose the command once more').first();
    do {
      await vscode.host.executeCommand('notifications.clearAll');
      await registries().chooseFromMenu(/^1\.0[0-9a-f]{12}/, 'Compare with Local Image…');
      await question.or(isLost).first().waitFor();
    } while (await isLost.isVisible());
    // The image was pushed to another owner last: so the person says which one is meant.
    await quickInput.pick(`${image}:1.0`);
    const right = page.locator('.monaco-diff-editor .editor.modified .view-lines');
    await right.filter({ hasText: 'The same image.' }).waitFor();
    await vscode.screenshot('real-compare-dark');
    await vscode.host.executeCommand('workbench.action.closeAllEditors');
  });

  test('the image is pulled back into an engine that has removed it', async () => {
    const reference = `${host()}/${owner()}/${image}:stable`;
    const { stdout } = await engine.docker(['images', '--all', '--quiet', '--filter', `reference=*${image}*`]);
    const { stdout: full } = await engine.docker(['images', '--quiet', '--filter', `reference=${host()}/*/${image}`]);
    const ids = [...new Set(`${stdout}\n${full}`.split('\n').filter((id) => id !== ''))];
    await engine.docker(['image', 'rm', '--force', ...ids]);
    await assert.rejects(inspectImage(engine, built.id));
    await registries().chooseFromMenu(/^stable/, 'Pull');
    await vscode.notifications.waitFor(`Pulled ${reference} in `);
    const pulled = await inspectImage(engine, reference);
    assert.deepEqual([pulled.id, pulled.diffIds], [built.id, built.diffIds]);
  });

  test('a tag is deleted after a question, and the other stays', async () => {
    const digest = (await digestOf('1.0'))?.slice(7, 19) ?? '';
    await registries().chooseFromMenu(/^1\.0[0-9a-f]{12}/, 'Delete…');
    await answer(`${owner()}/${image}:1.0 (${digest})?`, 'Delete');
    await vscode.notifications.waitFor(`Deleted: the tag ${owner()}/${image}:1.0`);
    assert.deepEqual([await digestOf('1.0'), (await digestOf('stable'))?.slice(7, 19)], [undefined, digest]);
    // The organization has a tag of that name too.
    const row = vscode.page.locator(`[role="treeitem"][aria-label^="Tag ${host()}/${owner()}/${image}:1.0,"]`);
    await row.waitFor({ state: 'detached' });
  });

  test('the image is deleted with all that it has', async () => {
    await registries().chooseFromMenu(new RegExp(`^${image}`), 'Delete…');
    await answer('Delete the image', 'Delete');
    await vscode.notifications.waitFor(`Deleted: the image ${owner()}/${image}`);
    assert.deepEqual(await api(`/packages/${owner()}?type=container&q=${image}`), []);
  });

  test('a user with a second factor types password and one-time code, and gets a token', async (t) => {
    if (!target.capabilities.admin || !target.has('secondFactorAtRegistry')) {
      t.skip('needs an admin account, to create a user who gets a second factor, and Gitea 1.20');
      return;
    }
    const { quickInput, notifications } = vscode;
    await vscode.host.executeCommand('teaChest.signOut', { url: target.http.origin });
    const guarded = await target.user();
    const code = await target.secondFactor(guarded);
    await typeAddress(guarded.name);
    await quickInput.type(guarded.password);
    await quickInput.accept();
    // Gitea 1.26 says the same as for a wrong password; others say that a code is missing, and it is asked for at once.
    if (target.has('sameRefusalWithoutCode')) {
      await quickInput.message('a user with a second factor');
      await vscode.screenshot('real-second-factor-refused-dark');
      await quickInput.clickTitleButton('Password and One-Time Code');
    }
    await quickInput.waitFor('123456');
    await quickInput.type(code());
    await vscode.screenshot('real-second-factor-code-dark');
    await quickInput.accept();
    const text = await notifications.waitFor(`Signed in to ${host()} as ${guarded.name} with a new token.`);
    if (!target.has('ownTokensAlone')) return; // Nobody but this user may read the list, with another code.
    const [name] = (await madeTokens(guarded)).at(-1) ?? assert.fail('no token was made');
    assert.ok(text.includes(`The token “${name}” was made and stored`), text);
  });
});
