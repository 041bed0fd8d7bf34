import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { suite, test } from 'node:test';
import type { RegistryRig } from '../support/registryRig.ts';
import type { RegistryNode } from '../../../../src/host/views/registries/registryTree.ts';
import { isDigest } from '../../../../src/core/oci/digest.ts';
import { pushImage, pushIndex } from '../../gitea/pushContent.ts';
import { plainRegistry } from '../../gitea/browse/plainRegistry.ts';
import { inputAsking, press, said, takeShown, useFakeVscode, type Shown } from '../support/fakeVscode.ts';
import { connectionTo } from '../support/hostFakes.ts';

useFakeVscode();
const { buildRegistryRig, nodeAt } = await import('../support/registryRig.ts');
const { registriesDeleteCommand } = await import('../../../../src/host/commands/registriesDelete.ts');
const { registriesCleanUpCommand } = await import('../../../../src/host/commands/registriesCleanUp.ts');
const { registriesRetagCommand } = await import('../../../../src/host/commands/registriesRetag.ts');
const { registriesShowCommand } = await import('../../../../src/host/commands/registriesShow.ts');
const { registriesCopyAsCommand, registriesCopyDigestCommand } =
  await import('../../../../src/host/commands/registriesCopy.ts');
const { registriesAddOwnerCommand, registriesRemoveOwnerCommand } =
  await import('../../../../src/host/commands/registriesAddOwner.ts');
const { RegistryDocuments } = await import('../../../../src/host/registry/registryDocuments.ts');

const short = (digest: string): string => digest.slice(7, 19);

/** What the person was shown, by the element that shows it. */
function textsOf(shown: readonly Shown[], element: string): readonly string[] {
  return shown.filter((one) => one.element === element).map(({ text }) => text);
}

async function tagOf({ registriesView }: RegistryRig, tag: string): Promise<RegistryNode> {
  return nodeAt(registriesView, 'team', 'app', tag);
}

suite('Delete', () => {
  test('of a tag is confirmed by its name and digest, and done only then', async (t) => {
    const rig = await buildRegistryRig(t);
    const digest = await pushImage(rig.client, 'team/app', ['1', '2']);
    const node = await tagOf(rig, '1');
    takeShown();
    await registriesDeleteCommand(rig, [node]);
    const asked = takeShown();
    assert.deepEqual(textsOf(asked, 'warning'), [
      `Delete the tag ${rig.connection.host}/team/app:1 (${short(digest)})?`,
    ]);
    assert.deepEqual(textsOf(asked, 'warning.detail'), ['This cannot be undone.']);
    assert.deepEqual(rig.fakeGitea.tags('team', 'app'), ['1', '2'], 'no answer is no');
    press('Delete');
    await registriesDeleteCommand(rig, [node]);
    assert.deepEqual(rig.fakeGitea.tags('team', 'app'), ['2']);
    assert.deepEqual(textsOf(takeShown(), 'information'), [`Deleted: the tag team/app:1 (${short(digest)}).`]);
    assert.deepEqual(rig.changedTags, [rig.connection.origin], 'images are compared with it again');
    await registriesDeleteCommand(rig, [node]);
    assert.deepEqual(textsOf(takeShown(), 'information'), ['It was not there any more.']);
  });

  test('of several rows lists all that goes, the tags of a digest and broken indexes too', async (t) => {
    const rig = await buildRegistryRig(t);
    const amd64 = await pushImage(rig.client, 'team/app', ['amd64', 'same']);
    await pushIndex(rig.client, 'team/app', 'multi', [amd64]);
    await pushImage(rig.client, 'team/tool', ['1', '2']);
    const multi = await tagOf(rig, 'multi');
    // The tags are listed in their order, whichever answer comes first.
    const slow = { path: /\/manifests\/amd64$/, times: Infinity, action: { kind: 'delay', ms: 100 } } as const;
    rig.fakeGitea.faults.add(slow);
    const [child = assert.fail()] = await rig.registriesView.getChildren(multi);
    const tool = await nodeAt(rig.registriesView, 'team', 'tool');
    takeShown();
    press('Delete');
    await registriesDeleteCommand(rig, [child, tool, multi.type === 'tag' ? child : multi]);
    const shown = takeShown();
    assert.deepEqual(textsOf(shown, 'warning'), [`Delete 3 things from ${rig.connection.host}?`]);
    assert.deepEqual(textsOf(shown, 'warning.detail'), [
      'the image team/tool (2 tags)',
      `the tag team/app:amd64 (${short(amd64)})`,
      `the tag team/app:same (${short(amd64)})`,
      'team/app:multi is an index that needs it: it can no longer be pulled for linux/amd64.',
      'This cannot be undone.',
    ]);
    assert.deepEqual([rig.fakeGitea.tags('team', 'app'), rig.fakeGitea.tags('team', 'tool')], [['multi'], []]);
    assert.deepEqual(textsOf(shown, 'information'), ['Deleted: 3 of 3.']);
  });

  test('says which could not be deleted, and why', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1', '2']);
    const nodes = [await tagOf(rig, '1'), await tagOf(rig, '2')];
    const refused = { status: 403, body: 'the storage is read-only' };
    rig.fakeGitea.faults.add({ method: 'DELETE', path: /manifests\/1$/, action: { kind: 'answer', reply: refused } });
    takeShown();
    press('Delete');
    await registriesDeleteCommand(rig, nodes);
    const [message = ''] = textsOf(takeShown(), 'error');
    assert.match(
      message,
      /^Deleted: 1 of 2\. the tag team\/app:1 \(.{12}\): .* refused to delete 1: “the storage is read-only”/,
    );
    assert.match(message, / \[More About This\]\(command:teaChest\.showTroubleshooting\?%22accessDenied%22\)$/);
    assert.deepEqual(rig.fakeGitea.tags('team', 'app'), ['1']);
  });

  test('of a tag offers the digest where a registry deletes no tag alone', async (t) => {
    const { client, put, manifests } = await plainRegistry(t);
    const digest = put('team/app', '1', '2');
    const rig = await buildRegistryRig(t);
    const generic = connectionTo(client.address.origin, { kind: 'generic', username: '' });
    await rig.store.save(generic, undefined);
    const node = (await rig.registriesView.getChildren()).find(({ id }) => id === generic.origin);
    const [image] = await rig.registriesView.getChildren(node);
    const [tag = assert.fail()] = await rig.registriesView.getChildren(image);
    takeShown();
    press('Delete');
    press('Delete the Digest…');
    await registriesDeleteCommand(rig, [tag]);
    const questions = textsOf(takeShown(), 'warning');
    assert.match(questions[1] ?? '', /cannot delete the tag “1” alone\. It can delete the digest/);
    assert.equal(questions[2], `Delete ${generic.host}/team/app@${short(digest)} with its tags 1, 2?`);
    assert.equal(manifests.size, 3, 'the second question was not answered');
  });

  test('without the right is shown with a way out', async (t) => {
    const rig = await buildRegistryRig(t);
    await pushImage(rig.client, 'team/app', ['1']);
    const node = await tagOf(rig, '1');
    rig.fakeGitea.faults.add({
      path: /manifests|tags/,
      times: Infinity,
      action: { kind: 'answer', reply: { status: 403, body: 'no' } },
    });
    takeShown();
    await registriesDeleteCommand(rig, [node]);
    await setImmediate();
    const [message = ''] = textsOf(takeShown(), 'error');
    assert.match(message, /^Looking at what would be deleted failed: .*Ask for the right on its packages, or sign in/);
  });
});

suite('Clean Up', () => {
  test('shows what no tag needs, and deletes it after a confirmation', async (t) => {
    let now = Date.now() - 3 * 3_600_000;
    const rig = await buildRegistryRig(t, { fakeGitea: { clock: () => now } });
    const [child, old] = [
      await pushImage(rig.client, 'team/app', []),
      await pushImage(rig.client, 'team/app', [], { layerSize: 2_000_000 }),
    ];
    await pushIndex(rig.client, 'team/app', 'multi', [child]);
    now = Date.now();
    const fresh = await pushImage(rig.client, 'team/app', []);
    const app = await nodeAt(rig.registriesView, 'team', 'app');
    takeShown();
    await registriesCleanUpCommand(rig, app);
    const shown = takeShown();
    assert.deepEqual(textsOf(shown, 'list.label'), [short(old)]);
    assert.deepEqual(textsOf(shown, 'list.description'), ['2.0 MB · 3 h ago']);
    assert.match(textsOf(shown, 'list.title')[0] ?? '', /^Clean Up .*\/team\/app: Preview$/);
    assert.deepEqual(textsOf(shown, 'list.placeholder'), ['No tag needs these. Choose what is deleted']);
    press('OK');
    press('Delete');
    await registriesCleanUpCommand(rig, await nodeAt(rig.registriesView, 'team', 'app', 'Untagged'));
    const done = takeShown();
    assert.deepEqual(textsOf(done, 'warning.detail').slice(0, 1), [short(old)]);
    assert.match(textsOf(done, 'warning.detail')[1] ?? '', /^Kept: 1 version /);
    assert.match(textsOf(done, 'information')[0] ?? '', /^Cleaned up .*team\/app: 1 version deleted\.$/);
    const owner = rig.fakeGitea.directory.owner('team')?.id ?? 0;
    const left = [...(rig.fakeGitea.packages.get(owner, 'app')?.versions.keys() ?? [])];
    assert.deepEqual(left.sort(), ['multi', child, fresh].sort());
    await registriesCleanUpCommand(rig, app);
    assert.match(textsOf(takeShown(), 'information')[0] ?? '', /has nothing to clean up/);
  });
});

suite('Add Tag', () => {
  test('gives another tag, and moves one only after a confirmation', async (t) => {
    const rig = await buildRegistryRig(t);
    const digest = await pushImage(rig.client, 'team/app', ['1']);
    const other = await pushImage(rig.client, 'team/app', ['stable']);
    const node = await tagOf(rig, '1');
    const retag = async (tag: string): Promise<readonly Shown[]> => {
      takeShown();
      const working = registriesRetagCommand(rig, node);
      const input = await inputAsking(/Another tag for/);
      input.type(tag);
      input.enter();
      await working;
      return takeShown();
    };
    assert.match(textsOf(await retag('V2'), 'information')[0] ?? '', /team\/app:v2 stands for/);
    assert.deepEqual(rig.changedTags, [rig.connection.origin]);
    assert.equal((await rig.fakeGitea.manifest('team', 'app', 'v2'))?.digest, digest);
    const asked = await retag('stable');
    assert.match(textsOf(asked, 'warning')[0] ?? '', /^Move the tag .*team\/app:stable\?$/);
    assert.match(textsOf(asked, 'warning.detail')[0] ?? '', new RegExp(`${short(other)} now, .*${short(digest)}`));
    assert.equal((await rig.fakeGitea.manifest('team', 'app', 'stable'))?.digest, other);
    press('Move');
    await retag('stable');
    assert.equal((await rig.fakeGitea.manifest('team', 'app', 'stable'))?.digest, digest);
    assert.match(textsOf(await retag('stable'), 'information')[0] ?? '', /already\.$/);
  });
});

suite('Show', () => {
  test('opens the manifest, and the config and history of one image of an index', async (t) => {
    const rig = await buildRegistryRig(t);
    const [amd64, arm64] = [
      await pushImage(rig.client, 'team/app', []),
      await pushImage(rig.client, 'team/app', [], { architecture: 'arm64' }),
    ];
    const index = await pushIndex(rig.client, 'team/app', 'multi', [amd64, arm64]);
    const documents = new RegistryDocuments(rig.store, rig.access);
    t.after(() => {
      documents.dispose();
    });
    const node = await tagOf(rig, 'multi');
    takeShown();
    await registriesShowCommand(rig, 'manifest', node);
    const shown = takeShown();
    assert.deepEqual(textsOf(shown, 'document'), [`/${short(index)}/app multi manifest.json`]);
    assert.match(textsOf(shown, 'document.text')[0] ?? '', /"manifests": \[/);
    press('linux/arm64');
    await registriesShowCommand(rig, 'config', node);
    assert.match(textsOf(takeShown(), 'document.text')[0] ?? '', /"architecture": "arm64"/);
    press('linux/amd64');
    await registriesShowCommand(rig, 'history', node);
    assert.match(textsOf(takeShown(), 'document.text')[0] ?? '', /^CREATED/);
  });

  test('reads from no registry that the person is not signed in to, whatever a URI says', async (t) => {
    const rig = await buildRegistryRig(t);
    const documents = new RegistryDocuments(rig.store, rig.access);
    t.after(() => {
      documents.dispose();
    });
    const digest = `sha256:${'0'.repeat(64)}`;
    assert.ok(isDigest(digest));
    rig.fakeGitea.clearRequests();
    for (const [origin, repository] of [
      ['https://evil.test', 'team/app'],
      [rig.connection.origin, '../../admin'],
      [rig.connection.origin, 'team/app?x='],
    ] as const) {
      const query = new URLSearchParams({ origin, repository, digest, part: 'manifest' }).toString();
      const uri = { query } as unknown as Parameters<typeof documents.provideTextDocumentContent>[0];
      assert.match(await documents.provideTextDocumentContent(uri), /of no registry that you are signed in to/);
    }
    assert.equal(rig.fakeGitea.requests.length, 0);
  });
});

suite('Copy', () => {
  test('gives digests and the lines for other tools', async (t) => {
    const rig = await buildRegistryRig(t);
    const digest = await pushImage(rig.client, 'team/app', ['1', '2']);
    const nodes = [await tagOf(rig, '1'), await tagOf(rig, '2')];
    takeShown();
    await registriesCopyDigestCommand(rig, nodes);
    assert.deepEqual(textsOf(takeShown(), 'clipboard'), [digest]);
    const reference = `${rig.connection.host}/team/app:1`;
    for (const [label, line] of [
      ['Kubernetes', `image: ${reference}`],
      ['Compose', `image: ${reference}`],
      ['Dockerfile', `FROM ${reference}`],
      ['Docker', `docker pull ${reference}`],
      ['Podman', `podman pull ${reference}`],
    ] as const) {
      press(label);
      await registriesCopyAsCommand(nodes[0]);
      assert.deepEqual(textsOf(takeShown(), 'clipboard'), [line]);
    }
  });
});

suite('Add Owner', () => {
  test('accepts only an owner that the person may see', async (t) => {
    const rig = await buildRegistryRig(t);
    rig.fakeGitea.directory.addUser({ name: 'other', password: 'x' });
    rig.fakeGitea.directory.addUser({ name: 'hidden', password: 'x', visibility: 'private' });
    const adding = registriesAddOwnerCommand(rig, (await rig.registriesView.getChildren())[0]);
    const input = await inputAsking(/A user or an organization of/);
    input.type('not a name');
    assert.match(await said(input), /cannot be an owner/);
    input.type('nosuch');
    input.enter();
    await setImmediate();
    assert.match(await said(input), /no user or organization “nosuch”, or none that you may see/);
    input.type('hidden');
    input.enter();
    await setImmediate();
    assert.match(await said(input), /does not let you list the packages of “hidden”/);
    input.type('Other');
    input.enter();
    await adding;
    assert.deepEqual(rig.addedOwners.list(rig.connection), ['other']);
    const node = await nodeAt(rig.registriesView, 'other');
    registriesRemoveOwnerCommand(rig, node);
    assert.deepEqual(rig.addedOwners.list(rig.connection), []);
  });
});
