import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { once } from '../../../../tools/once.ts';
import { pushImage, pushIndex } from '../../../gitea/pushContent.ts';
import { plainRegistry } from '../../../gitea/browse/plainRegistry.ts';
import { inputAsking, TreeView, useFakeVscode } from '../../support/fakeVscode.ts';
import type { RegistryNode } from '../../../../../src/host/views/registries/registryTree.ts';
import { connectionTo } from '../../support/hostFakes.ts';

useFakeVscode();
const { registriesReconnectCommand } = await import('../../../../../src/host/commands/registriesReconnect.ts');
const { buildRegistryRig, nodeAt, rowsBelow } = await import('../../support/registryRig.ts');

const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };

/** Ages are all `just now`. */
const short = (digest: string): string => digest.slice(7, 19);

const textOf = (tooltip: unknown): string => (typeof tooltip === 'string' ? tooltip : assert.fail('no text'));

suite('the Registries view', () => {
  test('lists registries, owners, images and tags, and what tags stand for once it was read', async (t) => {
    const { client, registriesView: view } = await buildRegistryRig(t);
    const digest = await pushImage(client, 'team/app', ['1', '2'], { layerSize: 4_000_000 });
    await pushImage(client, 'team/tool', ['only']);
    assert.match((await rowsBelow(view)).join(), /^127\.0\.0\.1:\d+ \(dev · Gitea\)$/);
    assert.deepEqual(await rowsBelow(view, await nodeAt(view)), ['dev (public)', 'team (public)']);
    const icons = (await view.getChildren(await nodeAt(view))).map((node) => view.getTreeItem(node).iconPath);
    assert.deepEqual(
      icons.map((icon) => (icon as { id: string }).id),
      ['account', 'organization'],
    );
    assert.deepEqual(await rowsBelow(view, await nodeAt(view, 'team')), [
      'app (2 tags · just now)',
      'tool (:only · just now)',
    ]);
    const app = await nodeAt(view, 'team', 'app');
    const read = once(view.onDidChangeTreeData);
    assert.deepEqual(await rowsBelow(view, app), ['1 (just now)', '2 (just now)']);
    const changed = await read;
    assert.equal(Array.isArray(changed) && changed.length, 2);
    const row = `${short(digest)} · 4.0 MB · linux/amd64 · just now`;
    assert.deepEqual(await rowsBelow(view, app), [`1 (${row})`, `2 (${row})`]);
    const item = view.getTreeItem(await nodeAt(view, 'team', 'app', '1'));
    const tooltip = item.tooltip as { value: string };
    assert.match(tooltip.value, new RegExp(`Digest: \`${digest}\``));
    assert.match(tooltip.value, /Pushed: `\w{3} \d{1,2}, 2\d{3}, .*` by `dev`/);
    assert.deepEqual(await view.getChildren(await nodeAt(view, 'dev')).then((rows) => rows.map(({ type }) => type)), [
      'note',
    ]);
  });

  test('keeps the rows of registries when all is read again, until one comes or goes', async (t) => {
    const { store, connection, registriesView: view } = await buildRegistryRig(t);
    const fired: unknown[] = [];
    view.onDidChangeTreeData((rows) => void fired.push(rows));
    view.update();
    const rows = await view.getChildren();
    view.update();
    assert.deepEqual(await view.getChildren(), rows);
    assert.equal((await view.getChildren())[0], rows[0], 'VS Code identifies the row by its object');
    await store.save(connectionTo('https://other.test', { username: '' }), undefined);
    view.update();
    const both = await view.getChildren();
    await store.save({ ...connection, username: 'else' }, { username: 'else', secret: 'x' });
    view.update();
    const changed = await view.getChildren();
    await store.remove('https://other.test');
    view.update();
    assert.deepEqual(fired, [undefined, rows, undefined, undefined, undefined]);
    assert.deepEqual([both.length, both.includes(rows[0] ?? assert.fail())], [2, true]);
    assert.deepEqual(
      changed.filter((row) => both.includes(row)).length,
      1,
      'the row of a changed registry is another one',
    );
  });

  test('shows the images of an index below it, and untagged versions apart', async (t) => {
    const { client, registriesView: view } = await buildRegistryRig(t);
    const [amd64, arm64] = [await pushImage(client, 'team/app', []), await pushImage(client, 'team/app', [])];
    const old = await pushImage(client, 'team/app', []);
    await pushIndex(client, 'team/app', 'multi', [amd64, arm64]);
    const app = await nodeAt(view, 'team', 'app');
    const read = once(view.onDidChangeTreeData);
    assert.deepEqual(await rowsBelow(view, app), ['multi (just now)', 'Untagged (what no tag needs)']);
    await read;
    assert.match((await rowsBelow(view, app))[0] ?? '', /^multi \([0-9a-f]{12} · 2 platforms · just now\)$/);
    const multi = await nodeAt(view, 'team', 'app', 'multi');
    assert.equal(view.getTreeItem(multi).collapsibleState, 1);
    assert.deepEqual(await rowsBelow(view, multi), [`linux/amd64 (${short(amd64)})`, `linux/arm64 (${short(arm64)})`]);
    const untagged = await rowsBelow(view, await nodeAt(view, 'team', 'app', 'Untagged'));
    assert.deepEqual(untagged, [`${short(old)} (just now)`]);
  });

  test('reads the size of an index when its tooltip is shown or its tag is expanded, and for no list', async (t) => {
    const { client, fakeGitea, registriesView: view } = await buildRegistryRig(t);
    const children = [await pushImage(client, 'team/app', []), await pushImage(client, 'team/app', [])];
    await pushIndex(client, 'team/app', 'one', children);
    await pushIndex(client, 'team/app', 'two', children);
    const read = (): readonly string[] => {
      const manifests = fakeGitea.requests.slice(before).filter(({ method }) => method === 'GET');
      return manifests.map(({ path }) => path.split('/manifests/')[1] ?? '').filter((name) => name !== '');
    };
    const app = await nodeAt(view, 'team', 'app');
    let before = fakeGitea.requests.length;
    const listed = once(view.onDidChangeTreeData);
    const [one = assert.fail(), two = assert.fail()] = await view.getChildren(app);
    await listed;
    const items = [view.getTreeItem(one), view.getTreeItem(two)];
    assert.deepEqual(
      [read().toSorted(), items.map(({ tooltip }) => tooltip)],
      [
        ['one', 'two'],
        [undefined, undefined],
      ],
    );

    before = fakeGitea.requests.length;
    const pointedAt = await view.resolveTreeItem(view.getTreeItem(one), one, token);
    assert.match((pointedAt.tooltip as { value: string }).value, /Digest: .*Size of all images: `678 B`.*Platforms: /s);
    assert.deepEqual(read(), children);
    assert.match(String(view.getTreeItem(one).description), /^[0-9a-f]{12} · 678 B · 2 platforms/);

    before = fakeGitea.requests.length;
    await view.getChildren(two);
    for (let reads = 0; !String(view.getTreeItem(two).description).includes(' · 678 B · '); reads++) {
      assert.ok(reads < 5, 'the size is shown');
      await once(view.onDidChangeTreeData);
    }
    assert.deepEqual(read().toSorted(), children.toSorted(), 'each image is read once, for its own row');
  });

  test('says of a tag and a digest that it could not be read, with the way out, and reads it again', async (t) => {
    const { client, fakeGitea, connection, registriesView: view, ...parts } = await buildRegistryRig(t);
    const child = await pushImage(client, 'team/app', []);
    await pushIndex(client, 'team/app', 'multi', [child]);
    const old = await pushImage(client, 'team/app', []);
    const app = await nodeAt(view, 'team', 'app');
    const refused = { status: 403, body: 'no' };
    const fault = { path: /manifests\//, times: Infinity, action: { kind: 'answer' as const, reply: refused } };
    const broken = fakeGitea.faults.add(fault);
    const read = once(view.onDidChangeTreeData);
    const [multi = assert.fail()] = await view.getChildren(app);
    await read;
    const row = view.getTreeItem(multi);
    assert.equal(row.description, 'could not be read · Sign In · just now');
    assert.match(row.accessibilityInformation?.label ?? '', /could not be read, Sign In, .*Press Enter: Sign In\.$/);
    assert.match((row.tooltip as { value: string }).value, /Not read: .*no/);
    assert.equal(row.command?.command, 'teaChest.registries.reconnect');
    const [note] = row.command.arguments as RegistryNode[];
    assert.ok(note?.type === 'note' && note.failure?.connection.origin === connection.origin);
    broken.remove();
    const again = once(view.onDidChangeTreeData);
    await view.getChildren(app);
    await again;
    assert.match(String(view.getTreeItem(multi).description), /^[0-9a-f]{12} · /);

    const failing = fakeGitea.faults.add({ ...fault, path: new RegExp(`manifests/${child}`) });
    view.update();
    const childRead = once(view.onDidChangeTreeData);
    const [part = assert.fail()] = await view.getChildren(await nodeAt(view, 'team', 'app', 'multi'));
    await childRead;
    for (let reads = 0; view.getTreeItem(part).command === undefined; reads++) {
      assert.ok(reads < 5, 'the failure is shown');
      await once(view.onDidChangeTreeData);
    }
    const { description, iconPath } = view.getTreeItem(part);
    assert.deepEqual(
      [description, (iconPath as { id: string }).id],
      [`${short(child)} · could not be read · Sign In`, 'warning'],
    );
    failing.remove();

    const [untagged = assert.fail()] = await view.getChildren(await nodeAt(view, 'team', 'app', 'Untagged'));
    await client.packages.deleteVersion({ owner: 'team', name: 'app' }, old, { signal: new AbortController().signal });
    const gone = once(view.onDidChangeTreeData);
    await gone;
    assert.equal(view.getTreeItem(untagged).description, 'deleted meanwhile · just now');
    assert.ok(parts.access);
  });

  test('shows who pushed a tag of a large image, which the registry lists by name alone', async (t) => {
    const { client, fakeGitea, registriesView: view } = await buildRegistryRig(t);
    const team = fakeGitea.directory.owner('team')?.id ?? 0;
    await pushImage(client, 'team/app', ['1']);
    const stored = [...(fakeGitea.packages.get(team, 'app')?.versions.values() ?? [])][0] ?? assert.fail();
    const manifest = stored.files.get('manifest.json') ?? assert.fail();
    for (let at = 0; at < 520; at++) {
      const version = {
        reference: `t${String(at)}`,
        tagged: true,
        creatorId: 2,
        createdAt: Date.now(),
        blobs: [],
        manifest,
      };
      fakeGitea.packages.putVersion(team, 'app', version);
    }
    const app = await nodeAt(view, 'team', 'app');
    const read = once(view.onDidChangeTreeData);
    const [first = assert.fail()] = await view.getChildren(app);
    assert.equal(view.getTreeItem(first).description, '', 'only the name is listed');
    await read;
    const item = view.getTreeItem(first);
    assert.match(String(item.description), /linux\/amd64 · just now$/);
    assert.match((item.tooltip as { value: string }).value, /Pushed: `\w{3} \d{1,2}, 2\d{3}, .*` by `dev`/);
  });

  test('loads more of a long list, and keeps as many after a refresh', async (t) => {
    const { fakeGitea, registriesView: view } = await buildRegistryRig(t);
    const owner = fakeGitea.directory.owner('team')?.id ?? 0;
    for (let at = 0; at < 230; at++) {
      const manifest = { digest: `sha256:${'a'.repeat(64)}`, size: 2, mediaType: 'application/x' };
      const version = { reference: '1', tagged: true, creatorId: 2, createdAt: at, blobs: [], manifest };
      fakeGitea.packages.putVersion(owner, `app${String(at).padStart(3, '0')}`, version);
    }
    const team = await nodeAt(view, 'team');
    const rows = await rowsBelow(view, team);
    assert.deepEqual([rows.length, rows.at(-1)], [101, 'Load More (100 shown)']);
    const more = await nodeAt(view, 'team', 'Load More');
    assert.equal(view.getTreeItem(more).command?.command, 'teaChest.registries.loadMore');
    assert.ok(more.type === 'more');
    const changed = once(view.onDidChangeTreeData);
    view.loadMore(more);
    assert.equal(await changed, more.parent);
    assert.equal((await rowsBelow(view, more.parent)).length, 201);
    view.update();
    assert.equal((await rowsBelow(view, await nodeAt(view, 'team'))).length, 201);
  });

  test('is filtered by a part of the name, and says what the filter is', async (t) => {
    const { client, registriesView: view } = await buildRegistryRig(t);
    await pushImage(client, 'team/app', ['1']);
    await pushImage(client, 'team/tool', ['1']);
    view.setFilter('OO');
    assert.deepEqual(await rowsBelow(view, await nodeAt(view, 'team')), ['tool (:1 · just now)']);
    assert.deepEqual(await rowsBelow(view, await nodeAt(view, 'dev')), ['No image has “OO” in its name ()']);
    assert.equal(TreeView.all.get('teaChest.registries')?.description, '“OO”');
    view.setFilter('');
    assert.equal((await rowsBelow(view, await nodeAt(view, 'team'))).length, 2);
  });

  test('shows owners that the person has added, until they are removed', async (t) => {
    const { client, fakeGitea, connection, addedOwners, registriesView: view } = await buildRegistryRig(t);
    fakeGitea.directory.addUser({ name: 'other', password: 'x' });
    await pushImage(client, 'team/app', ['1']);
    addedOwners.add(connection, 'other');
    addedOwners.add(connection, 'team');
    assert.deepEqual(await rowsBelow(view, await nodeAt(view)), [
      'dev (public)',
      'team (public)',
      'other (added by you)',
    ]);
    assert.equal(view.getTreeItem(await nodeAt(view, 'other')).contextValue, 'owner.added.web');
    assert.deepEqual(await rowsBelow(view, await nodeAt(view, 'other')), ['No images yet ()']);
    addedOwners.remove(connection, 'other');
    assert.equal((await rowsBelow(view, await nodeAt(view))).length, 2);
  });

  test('shows linked repositories and a renamed owner', async (t) => {
    const { client, fakeGitea, connection, addedOwners, registriesView: view } = await buildRegistryRig(t);
    await pushImage(client, 'team/app', ['1']);
    const team = fakeGitea.directory.owner('team') ?? assert.fail();
    fakeGitea.directory.addRepository(team, 'source');
    await client.packages.link({ owner: 'team', name: 'app' }, 'source', { signal: new AbortController().signal });
    const app = await nodeAt(view, 'team', 'app');
    const item = view.getTreeItem(app);
    assert.deepEqual([item.description, item.contextValue], [':1 · just now · linked to source', 'image.linked.web']);
    addedOwners.add(connection, 'team');
    fakeGitea.directory.rename(team, 'crew');
    view.update();
    const old = await nodeAt(view, 'team');
    assert.deepEqual(await rowsBelow(view, old), [
      'app (:1 · just now · linked to source)',
      'This owner was renamed to crew ()',
    ]);
    const [image] = await view.getChildren(old);
    assert.ok(image?.type === 'image' && image.repository === 'crew/app');
  });

  test('shows a failure as a row whose command helps, with what was read before', async (t) => {
    const { fakeGitea, connection, registriesView: view, ...parts } = await buildRegistryRig(t);
    await view.getChildren(await nodeAt(view));
    fakeGitea.expireTokens();
    fakeGitea.directory.user('dev').password = 'changed';
    const owner = await nodeAt(view, 'team').catch(() => nodeAt(view, 'dev'));
    const [note = assert.fail()] = await view.getChildren(owner);
    const item = view.getTreeItem(note);
    assert.deepEqual([item.label, item.description], ['The sign-in is no longer accepted', 'Sign In Again']);
    assert.equal(item.command?.command, 'teaChest.registries.reconnect');
    assert.deepEqual(item.command.arguments, [note]);
    assert.deepEqual(await view.getChildren(note), []);
    const done = registriesReconnectCommand({ ...parts, registriesView: view }, note);
    const address = await inputAsking(/Address/);
    assert.equal(address.value, connection.webRoot);
    const updated = once(view.onDidChangeTreeData);
    address.leave();
    await done;
    await updated;
  });

  for (const [what, prepare, label] of [
    ['must change the password', { mustChangePassword: true }, 'The password must be changed'],
    ['may not sign in any more', { prohibitLogin: true }, 'The account is refused'],
  ] as const) {
    test(`of an account that ${what} says so`, async (t) => {
      const rig = await buildRegistryRig(t);
      const { fakeGitea, registriesView: view, store, connection } = rig;
      await store.save(connection, { username: 'dev', secret: fakeGitea.createToken('dev', ['all']) });
      const owner = await nodeAt(view, 'team');
      Object.assign(fakeGitea.directory.user('dev'), prepare);
      const [note = assert.fail()] = await view.getChildren(owner);
      const item = view.getTreeItem(note);
      assert.equal(item.label, label);
      assert.match(
        textOf(item.tooltip),
        /127\.0\.0\.1:\d+ (?:wants you to choose a new password|does not let this account)/,
      );
    });
  }

  test('of a registry that cannot be reached says so below the registry, and lists again after a retry', async (t) => {
    const rig = await buildRegistryRig(t);
    const { fakeGitea, registriesView: view } = rig;
    const node = await nodeAt(view);
    const refused = { status: 401, body: 'no' };
    fakeGitea.faults.add({ path: /api\/v1\/user$/, action: { kind: 'answer', reply: refused } });
    assert.deepEqual(await rowsBelow(view, node), ['The sign-in is no longer accepted (Sign In Again)', 'dev ()']);
    assert.deepEqual(await rowsBelow(view, node), ['dev (public)', 'team (public)']);
  });

  test('of a Gitea whose packages were switched off says so', async (t) => {
    const { registriesView: view } = await buildRegistryRig(t, { fakeGitea: { packages: false } });
    const [note = assert.fail()] = await view.getChildren(await nodeAt(view, 'dev'));
    const item = view.getTreeItem(note);
    assert.equal(item.label, 'Packages are switched off');
    assert.match(textOf(item.tooltip), /Either packages are switched off there, or the proxy/);
  });

  test('of a Gitea below a path that the address lacks says how to sign in', async (t) => {
    const rig = await buildRegistryRig(t, { fakeGitea: { subPath: '/gitea' } });
    const { store, connection, registriesView: view } = rig;
    await store.save({ ...connection, webRoot: connection.origin }, await store.credential(connection.origin));
    const [note = assert.fail()] = await view.getChildren(await nodeAt(view, 'dev'));
    const item = view.getTreeItem(note);
    assert.deepEqual([item.label, item.description], ['The REST API was not found', 'Sign In']);
    assert.match(textOf(item.tooltip), /sign in with that path, such as http:\/\/127\.0\.0\.1:\d+\/gitea/);
  });

  test('of a sign-in gateway in front says what has to be let through', async (t) => {
    const { fakeGitea, registriesView: view } = await buildRegistryRig(t);
    const owner = await nodeAt(view, 'team');
    const html = '<html><title>Sign in - Authelia</title></html>';
    const page = { status: 200, headers: { 'Content-Type': 'text/html' }, body: html };
    fakeGitea.faults.add({ path: /api\/v1\/packages/, times: Infinity, action: { kind: 'answer', reply: page } });
    const [note = assert.fail()] = await view.getChildren(owner);
    assert.match(textOf(view.getTreeItem(note).tooltip), /sign-in page answered.*must be let through/);
  });

  test('of a registry that is no Gitea lists repositories, and takes some by name if it has no list', async (t) => {
    const { client, put } = await plainRegistry(t, { catalogStatus: 401 });
    put('team/app', '1', '2');
    const rig = await buildRegistryRig(t);
    const { store, addedOwners, registriesView: view } = rig;
    const generic = connectionTo(client.address.origin, { kind: 'generic', username: '' });
    await store.save(generic, undefined);
    const node = (await view.getChildren()).find((one) => one.id === generic.origin) ?? assert.fail();
    assert.deepEqual(await rowsBelow(view, node), ['Does not list its images (Add…)']);
    addedOwners.add(generic, 'team/app');
    view.update();
    const [app = assert.fail(), note] = await view.getChildren(node);
    assert.deepEqual([view.getTreeItem(app).label, view.getTreeItem(app).contextValue], ['team/app', 'image.added']);
    assert.equal(note?.type, 'note');
    assert.deepEqual(
      (await view.getChildren(app)).map((one) => view.getTreeItem(one).label),
      ['1', '2'],
    );
  });
});
