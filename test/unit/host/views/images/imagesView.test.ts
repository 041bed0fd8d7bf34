import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { MarkdownString } from 'vscode';
import { TeaChestError, type ErrorCode } from '../../../../../src/core/base/errors.ts';
import type { ImageDetails } from '../../../../../src/core/ports/imageSource.ts';
import { EngineLink, type Engine } from '../../../../../src/host/engine/engine.ts';
import type { ImageList, ImageListState } from '../../../../../src/host/engine/imageList.ts';
import { focusWindow, takeShown, TreeView, useFakeVscode } from '../../support/fakeVscode.ts';
import { SyncStates } from '../../../../../src/host/sync/syncStates.ts';
import { parseTarget } from '../../../../../src/host/targets/target.ts';
import { digestOf } from '../../../../../src/core/oci/digest.ts';
import { connectionTo, imageNamed, noSyncStates } from '../../support/hostFakes.ts';

useFakeVscode();
const { ImagesView } = await import('../../../../../src/host/views/images/imagesView.ts');

const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };

function viewOf(state: ImageListState, engine: Partial<Engine> = {}, showDangling = false, sync = noSyncStates()) {
  const visible: boolean[] = [];
  const focused: boolean[] = [];
  const images: Pick<ImageList, 'open' | 'setVisible' | 'setFocused'> = {
    open: () => Promise.resolve(state),
    setVisible: (isVisible) => visible.push(isVisible),
    setFocused: (isFocused) => focused.push(isFocused),
  };
  const link = new EngineLink(() => Promise.resolve({ description: '', ...engine } as Engine));
  const view = new ImagesView({ images: images as ImageList, link, showDangling: () => showDangling, sync });
  return { view, visible, focused, tree: TreeView.all.get('teaChest.images') ?? assert.fail() };
}

async function contextOf(state: ImageListState): Promise<Record<string, string>> {
  takeShown();
  await viewOf(state).view.getChildren();
  const keys = takeShown().map(
    ({ text }) => /^setContext teaChest\.(\S+) (.*)$/.exec(text)?.slice(1) ?? assert.fail(text),
  );
  return Object.fromEntries(keys) as Record<string, string>;
}

const problem = (code: ErrorCode, facts = {}): ImageListState => ({
  kind: 'problem',
  error: new TeaChestError(code, 'No engine.', { facts }),
});

/** States of images that are all newer here, and the images that were asked for. */
function syncStates(): { readonly sync: SyncStates; readonly asked: string[] } {
  const asked: string[] = [];
  const digest = digestOf(Buffer.from('x'));
  const sync = new SyncStates({
    destinationOf: (reference) => {
      const target = parseTarget(`gitea.test/dev/${reference}`);
      return { connection: connectionTo('https://gitea.test'), target, lastPush: undefined };
    },
    read: ({ image }) => {
      asked.push(image);
      const facts = { here: { imageId: digest, createdAt: undefined }, there: { digest, createdAt: undefined } };
      return Promise.resolve({ state: 'newerHere', reason: 'changedHere', ...facts });
    },
    onChange: () => undefined,
    now: Date.now,
  });
  return { sync, asked };
}

suite('the Images view', () => {
  const tagged = imageNamed('app:1');
  const dangling = { ...imageNamed('old'), references: [] };

  test('lists repositories and their tags, untagged images only if they are wanted', async () => {
    const state: ImageListState = {
      kind: 'ready',
      images: [imageNamed('tool:1'), tagged, imageNamed('app:2'), dangling],
    };
    const { view } = viewOf(state);
    const [app = assert.fail(), tool = assert.fail(), ...others] = await view.getChildren();
    assert.deepEqual(others, []);
    assert.equal(view.getTreeItem(app).label, 'app');
    const tags = await view.getChildren(app);
    assert.deepEqual(
      tags.map((tag) => view.getTreeItem(tag).label),
      ['1', '2'],
    );
    assert.deepEqual(await view.getChildren(tags[0]), []);
    assert.equal(view.getTreeItem(tool).label, 'tool:1', 'a repository with one tag is one row');
    assert.deepEqual(await view.getChildren(tool), []);
    assert.equal((await viewOf(state, {}, true).view.getChildren()).length, 3);
  });

  test('selects its welcome text by context keys, and shows the address of a stopped engine', async () => {
    const ready = { engine: 'ready', engineOrigin: '' };
    assert.deepEqual(await contextOf({ kind: 'ready', images: [tagged] }), { ...ready, images: 'some' });
    assert.deepEqual(await contextOf({ kind: 'ready', images: [dangling] }), { ...ready, images: 'onlyDangling' });
    assert.deepEqual(await contextOf({ kind: 'ready', images: [] }), { ...ready, images: 'none' });
    for (const [code, engine] of [
      ['engineNotFound', 'notFound'],
      ['engineStopped', 'stopped'],
      ['enginePermission', 'noPermission'],
      ['engineFailed', 'failed'],
    ] as const) {
      assert.equal((await contextOf(problem(code)))['engine'], engine);
    }
    const far = { endpoint: 'tcp://10.0.0.5:2375', engine: 'tcp://10.0.0.5:2375', origin: 'environment' };
    assert.equal((await contextOf(problem('engineStopped', far)))['engineOrigin'], 'environment');
    assert.equal(TreeView.all.get('teaChest.images')?.description, 'tcp://10.0.0.5:2375 · not running');
    const facts = { context: 'gone', isMissing: true };
    assert.equal((await contextOf(problem('engineEndpointInvalid', facts)))['engine'], 'contextMissing');
    assert.equal(TreeView.all.get('teaChest.images')?.description, 'context gone · does not exist');
    assert.equal((await contextOf(problem('enginePermission', { isMember: true })))['engine'], 'oldGroups');
  });

  test('says beside its title which engine it shows', async () => {
    const { view, tree } = viewOf(
      { kind: 'ready', images: [tagged] },
      { description: 'Docker 28.5.2 · context colima' },
    );
    await view.getChildren();
    assert.equal(tree.description, 'Docker 28.5.2 · context colima');
  });

  test('loads platforms when a repository is expanded, and updates its rows', async () => {
    const asked: string[] = [];
    const platformsOf: Engine['platformsOf'] = ({ id }) => {
      asked.push(id);
      return Promise.resolve([{ os: 'linux', architecture: 'arm64' }]);
    };
    const second = { ...imageNamed('app:2'), id: `sha256:${'d'.repeat(64)}` };
    const { view } = viewOf({ kind: 'ready', images: [tagged, second] }, { platformsOf });
    const [app = assert.fail()] = await view.getChildren();
    assert.deepEqual(asked, [], 'not before');
    const updated = new Promise((resolve) => view.onDidChangeTreeData(resolve));
    const [tag = assert.fail()] = await view.getChildren(app);
    assert.doesNotMatch(String(view.getTreeItem(tag).description), /arm64/);
    assert.equal(await updated, app);
    assert.match(String(view.getTreeItem(tag).description), /linux\/arm64$/);
    await view.getChildren(app);
    assert.deepEqual(asked, [tagged.id, second.id]);
  });

  test('loads the platforms of repositories with one tag when they are listed', async () => {
    const platformsOf: Engine['platformsOf'] = () => setImmediate([{ os: 'linux', architecture: 'arm64' }]);
    const { view } = viewOf({ kind: 'ready', images: [tagged] }, { platformsOf });
    const updated = new Promise((resolve) => view.onDidChangeTreeData(resolve));
    const [app = assert.fail()] = await view.getChildren();
    assert.doesNotMatch(String(view.getTreeItem(app).description), /arm64/);
    assert.deepEqual(await updated, [app], 'only its row is updated');
    assert.match(String(view.getTreeItem(app).description), /linux\/arm64$/);
  });

  test('keeps a tag selected that loses its own row, because its repository has no other tag any more', async () => {
    const images = [tagged, imageNamed('app:2')];
    const { view, tree } = viewOf({ kind: 'ready', images });
    tree.show(true);
    const [app = assert.fail()] = await view.getChildren();
    const [, second = assert.fail()] = await view.getChildren(app);
    tree.select([second]);
    images.shift();
    const [only = assert.fail()] = await view.getChildren();
    await setImmediate();
    await setImmediate();
    assert.equal(view.getTreeItem(only).label, 'app:2');
    assert.deepEqual(tree.revealed, [only]);
  });

  test('one image whose platform cannot be read leaves the others theirs, and is not asked for in a loop', async () => {
    const damaged = { ...imageNamed('app:2'), id: `sha256:${'d'.repeat(64)}` };
    let asked = 0;
    const platformsOf: Engine['platformsOf'] = ({ id }) => {
      asked++;
      if (id === damaged.id) return Promise.reject(new TeaChestError('engineFailed', 'It is damaged.'));
      return setImmediate([{ os: 'linux', architecture: 'arm64' }]);
    };
    const { view } = viewOf({ kind: 'ready', images: [tagged, damaged] }, { platformsOf });
    const [app = assert.fail()] = await view.getChildren();
    let updates = 0;
    view.onDidChangeTreeData(() => {
      updates++;
      // As VS Code does.
      void view.getChildren(app);
    });
    const tags = await view.getChildren(app);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    const descriptions = tags.map((tag) => String(view.getTreeItem(tag).description));
    assert.equal(descriptions.filter((text) => text.endsWith('linux/arm64')).length, 1);
    assert.deepEqual([updates, asked], [1, 3]);
  });

  test('inspects an image for its tooltip, and has one without the engine too', async () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    const details = { diffIds: ['a', 'b'], platform, createdAt: '' } as unknown as ImageDetails;
    for (const [inspect, expected] of [
      [() => Promise.resolve(details), /Layers: 2/],
      [() => Promise.reject(new Error('gone')), /^\*\*`app:1`\*\*(?![^]*Layers)/],
    ] as const) {
      const { view } = viewOf({ kind: 'ready', images: [tagged] }, { inspect });
      const [tag = assert.fail()] = await view.getChildren();
      const item = await view.resolveTreeItem(view.getTreeItem(tag), tag, token);
      assert.match((item.tooltip as MarkdownString).value, expected);
    }
  });

  test('compares the tags of an expanded repository with their registry while it is visible, and no others', async () => {
    const { sync, asked } = syncStates();
    const many = Array.from({ length: 120 }, (_, at) => imageNamed(`many:${at + 1}`));
    const images = [tagged, imageNamed('app:2'), dangling, ...many];
    const { view, tree } = viewOf({ kind: 'ready', images }, {}, false, sync);
    const rows = await view.getChildren();
    const [app = assert.fail()] = rows.filter((row) => view.getTreeItem(row).label === 'app');
    const [tag = assert.fail()] = await view.getChildren(app);
    await setImmediate();
    assert.equal(asked.length, 0, 'not while it is hidden');
    tree.show(true);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    assert.equal(asked.join(), 'app:1,app:2');
    assert.match(String(view.getTreeItem(tag).description), /^newer here · /);

    const changed: unknown[] = [];
    view.onDidChangeTreeData((nodes) => changed.push(nodes));
    view.updateRows(['app:1', 'many:1']);
    assert.deepEqual(changed, [[tag]], 'only rows that are shown');
    tree.collapse(app);
    view.updateRows(['app:1']);
    assert.equal(changed.length, 1);

    const large = rows.find((row) => view.getTreeItem(row).label === 'many') ?? assert.fail();
    const tags = await view.getChildren(large);
    for (let turn = 0; turn < 150; turn++) await setImmediate();
    assert.equal(asked.length, 102, 'the first hundred of very many');
    const rest = tags.find((one) => one.type === 'tag' && !asked.includes(one.reference ?? '')) ?? assert.fail();
    await view.resolveTreeItem(view.getTreeItem(rest), rest, token);
    await setImmediate();
    assert.equal(asked.length, 103, 'the others when the pointer is over them');
    sync.dispose();
  });

  test('compares repositories with one tag without being expanded, the first hundred of very many', async () => {
    const { sync, asked } = syncStates();
    const images = Array.from({ length: 105 }, (_, at) => imageNamed(`repository${at + 1}:1`));
    const { view, tree } = viewOf({ kind: 'ready', images }, {}, false, sync);
    const rows = await view.getChildren();
    tree.show(true);
    for (let turn = 0; turn < 150; turn++) await setImmediate();
    assert.equal(asked.length, 100);
    const changed: unknown[] = [];
    view.onDidChangeTreeData((nodes) => changed.push(nodes));
    view.updateRows(['repository1:1']);
    const first = rows.find((row) => view.getTreeItem(row).label === 'repository1:1');
    assert.deepEqual(changed, [[first]]);
    sync.dispose();
  });

  test('the list gets the visibility of the view', () => {
    const { visible, tree } = viewOf({ kind: 'unknown' });
    tree.show(true);
    tree.show(false);
    assert.deepEqual(visible, [false, true, false]);
  });

  test('the list gets the focus of the window, until the view is closed', () => {
    const { view, focused } = viewOf({ kind: 'unknown' });
    focusWindow(false);
    focusWindow(true);
    view.dispose();
    focusWindow(false);
    assert.deepEqual(focused, [true, false, true]);
  });
});
