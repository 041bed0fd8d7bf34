import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ContractItem } from '../../../../src/host/containerTools/contractItem.ts';
import type { GiteaRegistryProvider } from '../../../../src/host/containerTools/giteaRegistryProvider.ts';
import type { RegistryRig } from '../support/registryRig.ts';
import { OriginValues } from '../../../../src/host/registry/originValues.ts';
import * as v from 'valibot';
import { textReply } from '../../../fakeGitea/http/reply.ts';
import { once } from '../../../tools/once.ts';
import { plainRegistry } from '../../gitea/browse/plainRegistry.ts';
import { pushImage, pushIndex } from '../../gitea/pushContent.ts';
import { CancellationError, press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo, dev, memento } from '../support/hostFakes.ts';

useFakeVscode();
const { buildRegistryRig } = await import('../support/registryRig.ts');
const { GiteaRegistryProvider: Provider } =
  await import('../../../../src/host/containerTools/giteaRegistryProvider.ts');
const { LoginSharing } = await import('../../../../src/host/containerTools/loginSharing.ts');
const { deleteConfirmedTag } = await import('../../../../src/host/commands/deleteConfirmedTag.ts');
const { askModal } = await import('../../../../src/host/display/messages.ts');
const { silentLogger } = await import('../../../tools/silentLogger.ts');

interface ProviderRig extends RegistryRig {
  readonly provider: GiteaRegistryProvider;
  readonly signIns: number[];
}

async function buildProvider(
  t: Parameters<typeof buildRegistryRig>[0],
  options: Parameters<typeof buildRegistryRig>[1] = {},
): Promise<ProviderRig> {
  const rig = await buildRegistryRig(t, options);
  const { store, access, addedOwners, registriesView } = rig;
  const allowed = new OriginValues(memento(), 'logins', v.string());
  const signIns: number[] = [];
  const provider = new Provider({
    ...{ store, browser: access, addedOwners, logger: silentLogger },
    sharing: new LoginSharing({ store, allowed, ask: askModal }),
    signIn: () => Promise.resolve(signIns.push(1) > 1),
    deleteTag: (connection, tag) => deleteConfirmedTag(rig, connection, tag),
    onDidChange: registriesView.onDidChangeTreeData,
  });
  t.after(() => {
    provider.dispose();
  });
  takeShown();
  return { ...rig, provider, signIns };
}

/** The item below these labels. */
async function itemAt(provider: GiteaRegistryProvider, ...labels: readonly string[]): Promise<ContractItem> {
  let [item] = await provider.getChildren();
  for (const label of labels) {
    const below = await provider.getChildren(item);
    item = below.find((one) => one.label === label);
    assert.ok(item !== undefined, `no ${label} among ${below.map((one) => one.label).join(', ')}`);
  }
  return item ?? assert.fail();
}

const short = (digest: string): string => digest.slice(7, 19);

suite('our registries in Container Tools', () => {
  test('have the types, parents and labels of which it makes references', async (t) => {
    const { client, provider, connection } = await buildProvider(t);
    await pushImage(client, 'team/shop/api', ['1']);
    const tag = await itemAt(provider, connection.host, 'team', 'team/shop/api', '1');
    const image = tag.parent ?? assert.fail();
    const registry = image.parent ?? assert.fail();
    assert.deepEqual(
      [tag, image, registry, registry.parent].map((item) => item?.type),
      ['commontag', 'commonrepository', 'commonregistry', 'commonroot'],
    );
    // getFullImageNameFromRegistryTagItem and getBaseImagePathFromRegistry in its registryTreeUtils.ts
    assert.equal(
      `${String(registry.baseUrl?.authority)}/${image.label}:${tag.label}`,
      `${connection.host}/team/shop/api:1`,
    );
    assert.equal(registry.baseUrl?.scheme, 'http');
    const values = [tag, image, registry, registry.parent].map(
      (item) => provider.getTreeItem(item ?? assert.fail()).contextValue,
    );
    assert.deepEqual(values, [
      'commontag;gitea',
      'commonrepository;gitea',
      'commonregistry;gitea',
      'commonregistryroot;gitea',
    ]);
    assert.equal(provider.getTreeItem(image).label, 'shop/api', 'the row does not repeat the owner');
  });

  test('show digest and size once they are read, by the item that Container Tools has', async (t) => {
    const { client, provider, connection } = await buildProvider(t);
    const digest = await pushImage(client, 'team/app', ['1'], { layerSize: 4_000_000 });
    const image = await itemAt(provider, connection.host, 'team', 'team/app');
    const changed = once(provider.onDidChangeTreeData);
    const [tag = assert.fail()] = await provider.getChildren(image);
    assert.equal(await changed, tag);
    assert.match(String(provider.getTreeItem(tag).description), new RegExp(`^${short(digest)} · 4\\.0 MB`));
  });

  test('show why a registry cannot be listed, with what helps', async (t) => {
    const { provider, connection } = await buildProvider(t, { credential: { ...dev, secret: 'wrong' } });
    const [note = assert.fail()] = await provider.getChildren(await itemAt(provider, connection.host));
    const row = provider.getTreeItem(note);
    assert.equal(row.label, 'The sign-in is no longer accepted');
    assert.equal(row.contextValue, 'commonerror;gitea');
    assert.equal(row.command?.command, 'teaChest.registries.reconnect');
  });

  test('load more in their own tree', async (t) => {
    const { client, provider, connection } = await buildProvider(t);
    const tags = Array.from({ length: 60 }, (_, at) => `v${String(at)}`);
    await pushImage(client, 'team/app', tags);
    const image = await itemAt(provider, connection.host, 'team', 'team/app');
    const more = (await provider.getChildren(image)).find(({ type }) => type === 'giteamore') ?? assert.fail();
    const { command } = provider.getTreeItem(more);
    assert.equal(command?.command, 'teaChest.containerTools.loadMore');
    const changed = once(provider.onDidChangeTreeData);
    const [node] = (command.arguments ?? []) as [Parameters<typeof provider.loadMore>[0]];
    provider.loadMore(node);
    assert.equal(await changed, image);
    assert.equal((await provider.getChildren(image)).filter(({ type }) => type === 'commontag').length, 60);
  });

  test('are read again when ours are', async (t) => {
    const { provider, registriesView } = await buildProvider(t);
    const changed = once(provider.onDidChangeTreeData);
    registriesView.update();
    assert.equal(await changed, undefined);
  });

  test('ask for a registry when they are connected, if there is none', async (t) => {
    const { provider, store, connection, signIns } = await buildProvider(t);
    await provider.onConnect();
    assert.equal(signIns.length, 0);
    await store.remove(connection.origin);
    await assert.rejects(provider.onConnect(), CancellationError);
    await provider.onConnect();
  });

  test('answer to no item that is not theirs', async (t) => {
    const { provider, connection } = await buildProvider(t);
    const foreign = { type: 'commontag', label: '1', parent: undefined, node: { type: 'tag', connection } };
    await assert.rejects(provider.getLoginInformation(foreign), /no registry that you are signed in to/);
    await assert.rejects(provider.deleteTag(foreign), /no tag of a registry/);
    assert.deepEqual(await provider.getChildren(foreign), []);
    assert.deepEqual(takeShown(), [], 'and ask nothing');
  });
});

suite('the login for Container Tools', () => {
  test('is given once the person agrees, is asked for once, and is that of the registry', async (t) => {
    const { client, provider, connection } = await buildProvider(t);
    await pushImage(client, 'team/app', ['1']);
    const registry = await itemAt(provider, connection.host);
    await assert.rejects(provider.getLoginInformation(registry), CancellationError);
    const asked = takeShown();
    assert.deepEqual(asked[0], {
      element: 'warning',
      text: `Container Tools wants to use your login for ${connection.host}.`,
    });
    assert.ok(!JSON.stringify(asked).includes(dev.secret));
    press('Share Login');
    const login = { server: connection.host, username: dev.username, secret: dev.secret };
    assert.deepEqual(await provider.getLoginInformation(registry), login);
    takeShown();
    // A pull asks with the row above the image, which is the owner.
    assert.deepEqual(await provider.getLoginInformation(await itemAt(provider, connection.host, 'team')), login);
    assert.deepEqual(takeShown(), [], 'not asked again');
  });

  test('is asked for again after another sign-in, a disconnect and a sign-out', async (t) => {
    const { provider, connection, store } = await buildProvider(t);
    const registry = await itemAt(provider, connection.host);
    press('Share Login');
    await provider.getLoginInformation(registry);
    await store.save(connection, { username: 'giteaAdmin', secret: 'other' });
    await assert.rejects(provider.getLoginInformation(registry), CancellationError);
    await store.save(connection, dev);
    await provider.getLoginInformation(registry);
    await provider.onDisconnect();
    await assert.rejects(provider.getLoginInformation(registry), CancellationError);
    await store.remove(connection.origin);
    press('Share Login');
    await assert.rejects(provider.getLoginInformation(registry), /no registry that you are signed in to/);
  });

  test('is none for a registry without sign-in, and an error where it is lost', async (t) => {
    const { provider, connection, store } = await buildProvider(t);
    const registry = await itemAt(provider, connection.host);
    await store.save(connection, undefined);
    await assert.rejects(provider.getLoginInformation(registry), /not on this machine any more\. Sign in/);
    await store.save({ ...connection, username: '' }, undefined);
    const none = { server: connection.host, username: '', secret: '' };
    assert.deepEqual(await provider.getLoginInformation(registry), none);
  });
});

suite('Delete Image of Container Tools', () => {
  test('deletes the tag alone, and asks nothing more', async (t) => {
    const { client, provider, connection, fakeGitea } = await buildProvider(t);
    await pushImage(client, 'team/app', ['1', 'same']);
    await provider.deleteTag(await itemAt(provider, connection.host, 'team', 'team/app', '1'));
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['same']);
    assert.deepEqual(takeShown(), []);
  });

  test('asks if an index needs it, and deletes nothing without an answer', async (t) => {
    const { client, provider, connection, fakeGitea } = await buildProvider(t);
    const amd64 = await pushImage(client, 'team/app', ['amd64']);
    await pushIndex(client, 'team/app', 'multi', [amd64]);
    const tag = await itemAt(provider, connection.host, 'team', 'team/app', 'amd64');
    await assert.rejects(provider.deleteTag(tag), CancellationError);
    assert.ok(takeShown().some(({ text }) => text.startsWith('team/app:multi is an index that needs it')));
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['amd64', 'multi']);
    press('Delete');
    await provider.deleteTag(tag);
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['multi']);
  });

  test('names the other tags where a registry deletes only digests', async (t) => {
    const registry = await plainRegistry(t);
    registry.put('app', '1', 'same');
    const rig = await buildProvider(t);
    const plain = connectionTo(registry.client.address.origin, { kind: 'generic', username: '' });
    await rig.store.save(plain, undefined);
    const tag = await itemAt(rig.provider, plain.host, 'app', '1');
    await assert.rejects(rig.provider.deleteTag(tag), CancellationError);
    assert.ok(takeShown().some(({ text }) => text.endsWith('with its tags 1, same?')));
    press('Delete');
    await rig.provider.deleteTag(tag);
    assert.deepEqual([...registry.manifests.keys()], []);
  });

  test('that fails says why, as plain text', async (t) => {
    const { client, provider, connection, fakeGitea } = await buildProvider(t);
    await pushImage(client, 'team/app', ['1']);
    const tag = await itemAt(provider, connection.host, 'team', 'team/app', '1');
    fakeGitea.faults.add({
      method: 'DELETE',
      action: { kind: 'answer', reply: textReply(403, '[click](command:x) no') },
    });
    await assert.rejects(provider.deleteTag(tag), ({ message }: Error) => {
      assert.ok(!message.includes(']('), message);
      return true;
    });
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['1']);
  });
});

suite('Copy Digest and Inspect Manifest of Container Tools', () => {
  test('read the manifest of the tag', async (t) => {
    const { client, provider, connection } = await buildProvider(t);
    const digest = await pushImage(client, 'team/app', ['1']);
    const tag = await itemAt(provider, connection.host, 'team', 'team/app', '1');
    assert.equal(await provider.getImageDigest(tag), digest);
    assert.equal(((await provider.getManifest(tag)) as { schemaVersion: number }).schemaVersion, 2);
  });
});
