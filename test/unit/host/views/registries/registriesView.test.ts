import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../../src/core/base/errors.ts';
import type { PackageVersion, RegistryBrowser } from '../../../../../src/host/registry/registryBrowser.ts';
import type { RegistryNode } from '../../../../../src/host/views/registries/registryTree.ts';
import { silentLogger } from '../../../../tools/silentLogger.ts';
import { inputAsking, useFakeVscode } from '../../support/fakeVscode.ts';
import { buildHost, connectionTo } from '../../support/hostFakes.ts';

useFakeVscode();
const { registriesReconnectCommand } = await import('../../../../../src/host/commands/registriesReconnect.ts');
const { RegistriesView } = await import('../../../../../src/host/views/registries/registriesView.ts');

const gitea = connectionTo('https://gitea.test');
const other = connectionTo('https://other.test', { kind: 'generic' });
const version = (name: string, tag: string, createdAt = '2026-01-01T00:00:00Z'): PackageVersion => ({
  ...{ name, version: tag, createdAt },
});

function viewOf(packages: () => Promise<readonly PackageVersion[]>) {
  const browser: RegistryBrowser = {
    owners: () => Promise.resolve({ names: ['dev', 'team'], complete: true, publicNames: ['team'] }),
    packages,
  };
  return new RegistriesView({ list: () => [gitea, other] }, browser, silentLogger);
}

/** Labels and descriptions of the rows below a node. */
async function rows(view: InstanceType<typeof RegistriesView>, node?: RegistryNode): Promise<readonly string[]> {
  const nodes = await view.getChildren(node);
  return nodes.map((one) => {
    const { label, description } = view.getTreeItem(one);
    return `${label as string} (${String(description)})`;
  });
}

async function ownerOf(view: InstanceType<typeof RegistriesView>): Promise<RegistryNode> {
  const [registry = assert.fail()] = await view.getChildren();
  const [owner = assert.fail()] = await view.getChildren(registry);
  return owner;
}

suite('the Registries view', () => {
  test('lists registries, owners, images and tags', async () => {
    const view = viewOf(() => Promise.resolve([version('app', '1'), version('app', '2'), version('app', 'sha256:aa')]));
    const [registry, generic] = await view.getChildren();
    assert.deepEqual(await rows(view), ['gitea.test (dev · Gitea)', 'other.test (dev · Container registry)']);
    assert.deepEqual(await rows(view, registry), ['dev ()', 'team (public)']);
    assert.deepEqual(await rows(view, generic), []);
    const owner = await ownerOf(view);
    const [image = assert.fail()] = await view.getChildren(owner);
    assert.deepEqual(await rows(view, owner), ['app (2 tags)']);
    const tags = await view.getChildren(image);
    assert.deepEqual(tags.map((tag) => view.getTreeItem(tag).label).sort(), ['1', '2']);
    assert.deepEqual(await view.getChildren(tags[0]), []);
  });

  test('says that an owner has no images, and how many cannot be shown', async () => {
    const empty = viewOf(() => Promise.resolve([]));
    assert.deepEqual(await rows(empty, await ownerOf(empty)), ['No images yet ()']);
    const strange = viewOf(() => Promise.resolve([version('a b', '1')]));
    assert.deepEqual(await rows(strange, await ownerOf(strange)), ['1 not shown: no image can have such a name ()']);
  });

  test('shows a failure as a row whose command reconnects', async (t) => {
    const failure = new TeaChestError('notSignedIn', 'You are not signed in to gitea.test.');
    const view = viewOf(() => Promise.reject(failure));
    const owner = await ownerOf(view);
    const [note = assert.fail()] = await view.getChildren(owner);
    const item = view.getTreeItem(note);
    assert.deepEqual(
      [item.label, item.description, item.tooltip],
      ['Not signed in', 'Sign In', `${failure.message} Sign in to it first.`],
    );
    assert.equal(item.command?.command, 'teaChest.registries.reconnect');
    assert.deepEqual(item.command.arguments, [note]);
    assert.deepEqual(await view.getChildren(note), []);
    const { signingIn } = buildHost(t);
    let updates = 0;
    const registriesView = {
      update: () => {
        updates++;
      },
    };
    const done = registriesReconnectCommand({ ...signingIn, registriesView }, note);
    const address = await inputAsking(/Address/);
    assert.equal(address.value, gitea.webRoot);
    address.leave();
    await done;
    assert.equal(updates, 1);
  });

  test('reports a change to VS Code', () => {
    const view = viewOf(() => Promise.resolve([]));
    let changes = 0;
    view.onDidChangeTreeData(() => changes++);
    view.update();
    assert.equal(changes, 1);
  });
});
