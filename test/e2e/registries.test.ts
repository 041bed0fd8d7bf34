import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';

import { startFakeGitea, type FakeGitea } from '../fakeGitea/fakeGitea.ts';
import { makeScratch, type Scratch } from '../tools/scratch.ts';
import { pushImage, pushIndex } from '../unit/gitea/pushContent.ts';
import { clientFor, dev, type TestClient } from '../unit/gitea/testClient.ts';
import { openVscode, type VscodeWindow } from './harness/openVscode.ts';

const short = (digest: string): string => digest.slice('sha256:'.length, 'sha256:'.length + 12);

/** What a person does in the Registries view, in a real VS Code. No engine is needed for it. */
suite('the Registries view by hand', { timeout: 220_000 }, () => {
  let fakeGitea: FakeGitea;
  let client: TestClient;
  let nowhere: Scratch;
  let vscode: VscodeWindow;
  let now = Date.now() - 3 * 3_600_000;

  before(async () => {
    [fakeGitea, nowhere] = await Promise.all([startFakeGitea({ clock: () => now }), makeScratch('nowhere')]);
    client = clientFor(fakeGitea.url, { credential: dev });
    const team = fakeGitea.directory.owner('team') ?? assert.fail();
    assert.ok(team.kind === 'organization');
    for (const name of ['shop', 'website']) fakeGitea.directory.addRepository(team, name);
    // Gitea lets only owners and administrators of an organization remove a link.
    team.teams.find(({ permission }) => permission === 'owner')?.members.add(fakeGitea.directory.user('dev').id);
    fakeGitea.directory.addUser({ name: 'guest', password: 'x' });
    const children = [
      await pushImage(client, 'team/shop/api', [], { layerSize: 30_000 }),
      await pushImage(client, 'team/shop/api', [], { architecture: 'arm64' }),
    ];
    await pushIndex(client, 'team/shop/api', '2.0', children);
    await pushImage(client, 'team/shop/api', [], { layerSize: 50_000 });
    now = Date.now();
    await pushImage(client, 'team/shop/api', ['1.9', '1.10'], { layerSize: 70_000 });
    await pushImage(client, 'team/web', ['latest']);
    await pushImage(client, 'team/tool', ['1', '2', '3']);
    const env = { DOCKER_HOST: `unix://${nowhere.path}/docker.sock` };
    vscode = await openVscode({ env, size: { width: 1280, height: 1000 } });
    await signInByHand();
    await vscode.sideBar.open('Tea Chest');
    // Its rows need the room of the Images view.
    await vscode.page.locator('.pane-header[aria-label^="Images "]').click();
  });

  after(async () => {
    await vscode.close();
    await client.close();
    await Promise.all([fakeGitea.close(), nowhere.remove()]);
  });

  afterEach(async () => {
    await vscode.host.executeCommand('notifications.clearAll');
  });

  const registries = (): ReturnType<VscodeWindow['sideBar']['view']> => vscode.sideBar.view('Registries');

  /** As a person does, whose password is replaced by a token. */
  async function signInByHand(): Promise<void> {
    const { quickInput } = vscode;
    await quickInput.runCommand('Tea Chest: Sign In to a Registry…');
    await quickInput.type(fakeGitea.url.replace('http://', `http://${dev.username}@`));
    await quickInput.accept();
    await confirm(/not encrypted|http/, 'Use http');
    await quickInput.waitFor(/\(\d\/\d\)/);
    await quickInput.type(dev.secret);
    await quickInput.accept();
    await vscode.notifications.waitFor(/token/);
  }

  async function confirm(question: string | RegExp, answer: string): Promise<string> {
    const dialog = vscode.page.locator('.monaco-dialog-box').filter({ hasText: question });
    await dialog.waitFor();
    const text = await dialog.innerText();
    await dialog.locator('.monaco-button').filter({ hasText: answer }).click();
    await dialog.waitFor({ state: 'detached' });
    return text;
  }

  async function copied(expected: string): Promise<void> {
    // Polls the clipboard: the click is handled in the extension host.
    await vscode.page.waitForFunction(
      `navigator.clipboard.readText().then((text) => text === ${JSON.stringify(expected)})`,
    );
  }

  test('registry, owner, image, tags with digest, size and platform, the images of an index, untagged versions', async () => {
    await registries().expand(fakeGitea.host);
    await registries().expand(/^teampublic$/);
    await registries().expand('shop/api');
    await registries()
      .row(/^1\.10/)
      .filter({ hasText: '70.2 kB · linux/amd64' })
      .waitFor();
    await registries().row(/^2\.0/).filter({ hasText: '2 platforms' }).waitFor();
    await registries().expand(/^2\.0/);
    await registries()
      .row(/^linux\/arm64/)
      .waitFor();
    await registries().expand('Untagged');
    await registries()
      .row(/^[0-9a-f]{12}50\.\d kB · linux\/amd64 · 3 h ago$/)
      .waitFor();
    await vscode.screenshot('registries-tags-dark');
    assert.deepEqual(await registries().menuOf(/^1\.10/), [
      'Pull',
      'Open in Browser',
      'Show Manifest',
      'Show Config',
      'Show History',
      'Compare with Local Image…',
      'Add Tag…',
      'Copy Reference',
      'Copy Digest',
      'Copy Pull Command',
      'Copy As…',
      'Delete…',
    ]);
    assert.deepEqual(await registries().menuOf('shop/api'), [
      'Open in Browser',
      'Link to Repository…',
      'Copy Reference',
      'Clean Up Untagged Versions…',
      'Delete…',
    ]);
  });

  test('the digest, and the line for Kubernetes, are copied', async () => {
    const stored = await fakeGitea.manifest('team', 'shop/api', '1.10');
    await registries().chooseFromMenu(/^1\.10/, 'Copy Digest');
    await copied(stored?.digest ?? assert.fail());
    await registries().chooseFromMenu(/^1\.10/, 'Copy As…');
    await vscode.quickInput.pick('Kubernetes');
    await copied(`image: ${fakeGitea.host}/team/shop/api:1.10`);
  });

  test('a tag is reached, copied, given to its menu and to its deletion, and the title’s buttons, by keyboard alone', async () => {
    const { page, quickInput } = vscode;
    const { keyboard } = page;
    // The palette has it as well.
    await vscode.host.executeCommand('teaChest.registries.focus');
    await keyboard.press('Home');
    const focused = registries()
      .row(/^1\.10/)
      .and(page.locator('.focused'));
    for (let presses = 0; (await focused.count()) === 0; presses++) {
      assert.ok(presses < 20, 'the tag is reached');
      await keyboard.press('ArrowDown');
    }
    // Keys apply to the selection, which does not follow the focus.
    await keyboard.press('Enter');
    await focused.and(page.locator('[aria-selected="true"]')).waitFor();
    await keyboard.press('Control+C');
    await copied(`${fakeGitea.host}/team/shop/api:1.10`);
    await keyboard.press('Shift+F10');
    const menu = page.locator('.monaco-menu:visible').last();
    const item = menu.locator('.action-item.focused').filter({ hasText: 'Add Tag…' });
    await menu.waitFor();
    for (let presses = 0; (await item.count()) === 0; presses++) {
      assert.ok(presses < 20, 'the item of the menu is reached');
      await keyboard.press('ArrowDown');
    }
    await keyboard.press('Enter');
    await quickInput.waitFor('Add Tag');
    await keyboard.press('Escape');
    await quickInput.gone();
    // The focus comes back to the rows.
    await page.waitForFunction(
      `document.activeElement?.closest('.pane')?.querySelector('.pane-header')?.ariaLabel?.startsWith('Registries ')`,
    );
    await keyboard.press('Delete');
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Delete the tag' });
    await dialog.waitFor();
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.ok(fakeGitea.tags('team', 'shop/api').includes('1.10'));
    // From the tree to the buttons in the title of the view.
    await keyboard.press('Shift+Tab');
    const button = page.locator('.pane-header .action-label:focus');
    await button.first().waitFor();
    assert.match((await button.first().getAttribute('aria-label')) ?? '', /./);
  });

  test('manifest and history open as documents that cannot be changed', async () => {
    const { page } = vscode;
    await registries().chooseFromMenu(/^1\.10/, 'Show Manifest');
    const editor = page.locator('.editor-instance .view-lines');
    await editor.filter({ hasText: '"schemaVersion"' }).waitFor();
    await page.locator('.tab').filter({ hasText: 'api 1.10 manifest.json' }).waitFor();
    await vscode.screenshot('registries-manifest-dark');
    await editor.click();
    await page.keyboard.type('x');
    await page.getByText('Cannot edit in read-only editor').first().waitFor();
    await page.keyboard.press('Escape');
    await registries().chooseFromMenu(/^1\.10/, 'Show History');
    await editor.filter({ hasText: 'CREATED' }).waitFor();
  });

  test('another tag is the same manifest', async () => {
    const { quickInput, notifications } = vscode;
    await registries().chooseFromMenu(/^1\.10/, 'Add Tag…');
    await quickInput.waitFor('Add Tag');
    await quickInput.type('Stable');
    await quickInput.message('Gitea stores tags in lower case');
    await quickInput.accept();
    await notifications.waitFor(/shop\/api:stable stands for/);
    assert.deepEqual(
      await fakeGitea.manifest('team', 'shop/api', 'stable'),
      await fakeGitea.manifest('team', 'shop/api', '1.10'),
    );
    await registries()
      .row(/^stable/)
      .waitFor();
  });

  test('an image is linked to a repository of its owner, and unlinked', async () => {
    const { quickInput, notifications } = vscode;
    await registries().chooseFromMenu('shop/api', 'Link to Repository…');
    await quickInput.waitFor('Link to Repository');
    await vscode.screenshot('registries-link-dark');
    await quickInput.pick('website');
    await notifications.waitFor(/linked to the repository website now/);
    await registries().row('linked to website').waitFor();
    await registries().chooseFromMenu('shop/api', 'Link to Repository…');
    await quickInput.pick('shop');
    await notifications.waitFor(/linked to the repository shop now, and no longer to website/);
    await registries().row('linked to shop').waitFor();
    await registries().chooseFromMenu('shop/api', 'Unlink from Repository…');
    await confirm('from the repository shop?', 'Unlink');
    await registries().row('linked to shop').waitFor({ state: 'detached' });
  });

  test('a token that may not list repositories is told by the scope that it lacks, and the name can be typed', async () => {
    const { quickInput, notifications } = vscode;
    const [token = assert.fail()] = fakeGitea.directory.tokensOf(fakeGitea.directory.user('dev').id);
    const { scope } = token;
    assert.match(scope, /read:repository/, 'the sign-in made it');
    Object.assign(token, { scope: 'write:package,read:user,read:organization' });
    try {
      await registries().chooseFromMenu('shop/api', 'Link to Repository…');
      const list = vscode.page.locator('.quick-input-widget:visible .quick-input-list');
      await list.getByText('Type the name: the token lacks the scope read:repository').waitFor();
      await vscode.screenshot('registries-link-scope-dark');
      await quickInput.type('website');
      await quickInput.accept();
      await notifications.waitFor(/linked to the repository website now/);
      await registries().row('linked to website').waitFor();
    } finally {
      Object.assign(token, { scope });
    }
  });

  test('a tag that could not be read says so, and is read again by a click', async () => {
    const refused = { status: 500, body: 'the storage is away' };
    const fault = { path: /manifests\/1\.10$/, times: Infinity, action: { kind: 'answer' as const, reply: refused } };
    const broken = fakeGitea.faults.add(fault);
    await registries().clickAction('Refresh Registries');
    const row = registries().row(/^1\.10could not be read · Retry/);
    await row.waitFor();
    await vscode.screenshot('registries-tag-unread-dark');
    broken.remove();
    await row.click();
    await registries()
      .row(/^1\.10[0-9a-f]{12} /)
      .waitFor();
  });

  test('a tag is deleted after a question that names it, and nothing without an answer', async () => {
    const { page, notifications } = vscode;
    const digest = short((await fakeGitea.manifest('team', 'shop/api', '1.9'))?.digest ?? assert.fail());
    await registries().chooseFromMenu(/^1\.9/, 'Delete…');
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: `team/shop/api:1.9 (${digest})?` });
    await dialog.waitFor();
    await vscode.screenshot('registries-delete-dark');
    await dialog.locator('.monaco-button').filter({ hasText: 'Cancel' }).click();
    assert.ok(fakeGitea.tags('team', 'shop/api').includes('1.9'));
    await registries().chooseFromMenu(/^1\.9/, 'Delete…');
    await confirm(`team/shop/api:1.9 (${digest})?`, 'Delete');
    await notifications.waitFor(/^Deleted: the tag team\/shop\/api:1\.9/);
    assert.deepEqual(fakeGitea.tags('team', 'shop/api'), ['1.10', '2.0', 'stable']);
    await registries().row(/^1\.9/).waitFor({ state: 'detached' });
  });

  test('several rows are deleted at once, and the question lists them', async () => {
    await registries().expand(/^tool/);
    await registries()
      .row(/^1[0-9a-f]{12} /)
      .click();
    await registries()
      .row(/^3[0-9a-f]{12} /)
      .click({ modifiers: ['Control'] });
    await registries().chooseFromMenu(/^3[0-9a-f]{12} /, 'Delete…');
    const text = await confirm(`Delete 2 things from ${fakeGitea.host}?`, 'Delete');
    assert.match(text, /the tag team\/tool:1 /);
    assert.match(text, /the tag team\/tool:3 /);
    await vscode.notifications.waitFor('Deleted: 2 of 2.');
    assert.deepEqual(fakeGitea.tags('team', 'tool'), ['2']);
    await registries()
      .row(/^3[0-9a-f]{12} /)
      .waitFor({ state: 'detached' });
  });

  test('what no tag needs is cleaned up after a preview', async () => {
    const { quickInput, notifications } = vscode;
    await registries().chooseFromMenu('shop/api', 'Clean Up Untagged Versions…');
    await quickInput.waitFor('No tag needs these');
    await vscode.screenshot('registries-clean-up-dark');
    await quickInput.accept();
    await confirm('Delete 1 untagged version of', 'Delete');
    await notifications.waitFor(/shop\/api: 1 version deleted/);
    const owner = fakeGitea.directory.owner('team')?.id ?? 0;
    const left = [...(fakeGitea.packages.get(owner, 'shop/api')?.versions.keys() ?? [])];
    assert.deepEqual(left.filter((name) => !name.includes(':')).sort(), ['1.10', '2.0', 'stable']);
    assert.equal(left.length, 5, 'both images of the index stay');
  });

  test('a filter leaves the images that have it in their name, and an owner is added and removed', async () => {
    const { quickInput } = vscode;
    await registries().clickAction('Filter Images by Name');
    await quickInput.waitFor('Filter Images by Name');
    await quickInput.type('we');
    await quickInput.accept();
    await registries().row('shop/api').waitFor({ state: 'detached' });
    await registries().row(/^web/).waitFor();
    await registries().clickAction('Show All Images');
    await registries().row('shop/api').waitFor();
    await registries().chooseFromMenu(fakeGitea.host, 'Add Owner or Repository…');
    await quickInput.waitFor('Add Owner');
    await quickInput.type('nobody');
    await quickInput.accept();
    await quickInput.message('has no user or organization “nobody”, or none that you may see');
    await quickInput.type('Guest');
    await quickInput.accept();
    await registries().row('added by you').waitFor();
    await registries().chooseFromMenu('added by you', 'Remove from View');
    await registries().row('added by you').waitFor({ state: 'detached' });
  });

  test('a menu that was open while the view was read anew works for the registry, and does nothing for other rows', async () => {
    const { page, notifications } = vscode;
    await registries().row(/^tool/).click();
    const choose = await registries().openMenu(/^web/, 'Copy Reference');
    await page.evaluate("navigator.clipboard.writeText('as before')");
    const isRead = new Promise<void>((resolve) => {
      const stall = { kind: 'stall' as const };
      fakeGitea.faults.add({ path: /\/packages\//, times: Infinity, action: stall, onStrike: resolve });
    });
    await vscode.host.executeCommand('teaChest.registries.refresh');
    await isRead;
    await choose();
    await notifications.waitFor('Nothing was done: the view was just being read again. Choose the command once more.');
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'as before', 'nor is the selected row copied');
    await registries().chooseFromMenu(fakeGitea.host, 'Sign Out');
    await confirm('Sign out of', 'Cancel');
    fakeGitea.faults.clear();
    await registries().clickAction('Refresh Registries');
    await registries().chooseFromMenu(/^web/, 'Copy Reference');
    await copied(`${fakeGitea.host}/team/web`);
  });

  test('an image is deleted with all that it has', async () => {
    await registries().chooseFromMenu(/^web/, 'Delete…');
    const text = await confirm('Delete the image', 'Delete');
    assert.match(text, /\(1 tag\)\?/);
    await vscode.notifications.waitFor('Deleted: the image team/web');
    await registries().row(/^web/).waitFor({ state: 'detached' });
  });

  test('a failure is a row with the way out, and what was read before stays usable', async () => {
    await fakeGitea.goDown();
    await registries().clickAction('Refresh Registries');
    await registries().row('Cannot be reached').first().waitFor({ timeout: 10_000 });
    await vscode.screenshot('registries-unreachable-dark');
    await fakeGitea.comeBack();
    await registries().row('Cannot be reached').click();
    await registries()
      .row(/^teampublic$/)
      .waitFor();
  });
});
