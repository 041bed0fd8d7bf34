import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { planDeletion, type DeletionTarget } from '../../../../src/core/gitea/browse/planDeletion.ts';
import type { Digest } from '../../../../src/core/oci/digest.ts';
import { runDeletion } from '../../../../src/core/gitea/browse/runDeletion.ts';
import type { RegistryContents } from '../../../../src/core/gitea/browse/registryContents.ts';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { pushImage, pushIndex } from '../pushContent.ts';
import { clientFor, never, signedIn } from '../testClient.ts';
import { plainRegistry } from './plainRegistry.ts';

const call = { signal: never };
const repository = 'team/app';

async function deleteAll(contents: RegistryContents, targets: readonly DeletionTarget[]): Promise<readonly unknown[]> {
  const plan = await planDeletion(contents, targets, call);
  const results = await runDeletion(contents, plan, call);
  return results.map(({ outcome }) => (typeof outcome === 'object' ? outcome.failure.code : outcome));
}

suite('a deletion on Gitea', () => {
  test('of a tag deletes the tag alone', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, repository, ['1', 'latest']);
    const contents = await client.contents(call);
    assert.deepEqual(await deleteAll(contents, [{ kind: 'tag', repository, tag: '1' }]), ['deleted']);
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['latest']);
  });

  test('of a digest names the tags that go with it, and deletes no others', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const digest = await pushImage(client, repository, ['1', 'latest']);
    await pushImage(client, repository, ['2']);
    const contents = await client.contents(call);
    const plan = await planDeletion(contents, [{ kind: 'digest', repository, digest }], call);
    assert.deepEqual(
      plan.steps.map((step) => (step.kind === 'tag' ? step.tag : step.kind)),
      ['1', 'latest'],
    );
    // Pushed after the confirmation: DELETE of the digest would delete it too.
    const opened = await client.repository(repository, call);
    const bytes = (await opened.readManifest('1', call)) ?? assert.fail();
    await opened.putManifest('later', bytes.bytes, bytes.mediaType, call);
    await runDeletion(contents, plan, call);
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['2', 'later']);
  });

  test('of an untagged version deletes it, and not the tag of the same digest', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const digest = await pushImage(client, repository, []);
    const contents = await client.contents(call);
    const plan = await planDeletion(contents, [{ kind: 'digest', repository, digest }], call);
    assert.deepEqual(plan.steps, [{ kind: 'version', repository, digest }]);
    const opened = await client.repository(repository, call);
    const stored = (await opened.readManifest(digest, call)) ?? assert.fail();
    await opened.putManifest('new', stored.bytes, stored.mediaType, call);
    await runDeletion(contents, plan, call);
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['new']);
  });

  test('leaves a tag that was pushed again after the confirmation, and goes on with the others', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, repository, ['1']);
    await pushImage(client, repository, ['2']);
    const contents = await client.contents(call);
    const targets = ['1', '2', 'nosuch'].map((tag) => ({ kind: 'tag', repository, tag }) as const);
    const plan = await planDeletion(contents, targets, call);
    assert.deepEqual(plan.gone, ['nosuch']);
    await pushImage(client, repository, ['1']);
    const results = await runDeletion(contents, plan, call);
    const [first, second] = results.map(({ outcome }) => outcome);
    assert.ok(typeof first === 'object');
    assert.match(first.failure.message, /team\/app:1 was pushed again after you confirmed, so it was kept/);
    assert.equal(second, 'deleted');
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['1']);
  });

  test('says which index needs what is deleted', async (t) => {
    const { client } = await signedIn(t);
    const amd64 = await pushImage(client, repository, ['amd64']);
    const arm64 = await pushImage(client, repository, ['arm64', 'arm']);
    const both = await pushImage(client, repository, []);
    await pushIndex(client, repository, 'multi', [amd64, arm64, both]);
    const contents = await client.contents(call);
    const brokenBy = async (...targets: DeletionTarget[]): Promise<unknown> =>
      (await planDeletion(contents, targets, call)).broken.map(({ tag, lost }) => [tag, lost]);
    assert.deepEqual(await brokenBy({ kind: 'tag', repository, tag: 'amd64' }), [['multi', ['linux/amd64']]]);
    assert.deepEqual(await brokenBy({ kind: 'tag', repository, tag: 'arm' }), [], 'another tag of it stays');
    assert.deepEqual(await brokenBy({ kind: 'digest', repository, digest: both }), [['multi', ['linux/s390x']]]);
    const alsoIndex: DeletionTarget[] = [
      { kind: 'tag', repository, tag: 'amd64' },
      { kind: 'tag', repository, tag: 'multi' },
    ];
    assert.deepEqual(await brokenBy(...alsoIndex), [], 'the index goes as well');
  });

  test('of an image deletes all of its versions, on servers old and new', async (t) => {
    for (const options of [{}, { version: '1.24.0' }, { version: '1.17.0' }, { flavour: 'forgejo' as const }]) {
      const { client, fakeGitea } = await signedIn(t, options);
      const name = 'team/group/app';
      const child = await pushImage(client, name, []);
      await pushIndex(client, name, 'multi', [child]);
      await pushImage(client, name, ['1']);
      await pushImage(client, 'team/group/app-other', ['1']);
      const contents = await client.contents(call);
      const [step] = (await planDeletion(contents, [{ kind: 'image', repository: name }], call)).steps;
      assert.deepEqual(step, { kind: 'image', repository: name, tags: ['1', 'multi'], untagged: 1 });
      assert.deepEqual(await deleteAll(contents, [{ kind: 'image', repository: name }]), ['deleted']);
      const left = [
        ...(fakeGitea.packages.get(fakeGitea.directory.owner('team')?.id ?? 0, 'group/app')?.versions ?? []),
      ];
      assert.deepEqual(left, [], JSON.stringify(options));
      assert.deepEqual(fakeGitea.tags('team', 'group/app-other'), ['1']);
      assert.deepEqual(await deleteAll(contents, [{ kind: 'image', repository: name }]), ['gone']);
    }
  });

  test('behind a proxy that decodes %2F takes nothing for gone that is still there, and names the proxy', async (t) => {
    for (const options of [{}, { version: '1.25.0' }, { version: '1.22.0' }]) {
      const { client, fakeGitea } = await signedIn(t, { ...options, proxyDecodesSlash: true });
      const name = 'team/group/app';
      const digest = await pushImage(client, name, []);
      await pushImage(client, name, ['1', '2']);
      const contents = await client.contents(call);
      for (const target of [
        { kind: 'image', repository: name },
        { kind: 'digest', repository: name, digest },
      ] as const) {
        const plan = await planDeletion(contents, [target], call);
        const [result] = await runDeletion(contents, plan, call);
        assert.ok(typeof result?.outcome === 'object', JSON.stringify([options, result?.outcome]));
        assert.match(result.outcome.failure.message, /although it lists it: a proxy in front of it decodes the %2F/);
      }
      const team = fakeGitea.directory.owner('team') ?? assert.fail();
      assert.equal(fakeGitea.packages.get(team.id, 'group/app')?.versions.size, 3);
      assert.deepEqual(await deleteAll(contents, [{ kind: 'tag', repository: name, tag: '1' }]), ['deleted']);
    }
  });

  test('of an image leaves one to which something was pushed after the confirmation, on servers old and new', async (t) => {
    for (const options of [{}, { version: '1.24.0' }, { version: '1.17.0' }]) {
      const { client, fakeGitea } = await signedIn(t, options);
      await pushImage(client, repository, ['1']);
      const contents = await client.contents(call);
      const plan = await planDeletion(contents, [{ kind: 'image', repository }], call);
      await pushImage(client, repository, ['2']);
      const [added] = await runDeletion(contents, plan, call);
      assert.ok(typeof added?.outcome === 'object');
      assert.equal(added.outcome.failure.code, 'changedMeanwhile');
      assert.match(
        added.outcome.failure.message,
        /team\/app has new versions since you confirmed, so it was kept: 2\.$/,
      );
      assert.deepEqual(fakeGitea.tags('team', 'app'), ['1', '2'], JSON.stringify(options));
      const again = await planDeletion(contents, [{ kind: 'image', repository }], call);
      await pushImage(client, repository, ['1']);
      const [moved] = await runDeletion(contents, again, call);
      assert.ok(typeof moved?.outcome === 'object', 'the same name, another image');
      assert.match(moved.outcome.failure.message, /so it was kept: 1\.$/);
      assert.deepEqual(fakeGitea.tags('team', 'app').sort(), ['1', '2']);
    }
  });

  test('of an image version by version says what stays, and why', async (t) => {
    const { client, fakeGitea } = await signedIn(t, { version: '1.24.0' });
    await pushImage(client, repository, ['1', '2', '3']);
    const contents = await client.contents(call);
    const target: DeletionTarget = { kind: 'image', repository };
    const refused = { status: 500, body: '{"message":"disk"}' };
    fakeGitea.faults.add({
      method: 'DELETE',
      path: /container\/app\/2$/,
      times: Infinity,
      action: { kind: 'answer', reply: refused },
    });
    const [result] = await runDeletion(contents, await planDeletion(contents, [target], call), call);
    assert.ok(typeof result?.outcome === 'object');
    assert.equal(result.outcome.failure.facts['inPart'], true);
    assert.match(
      result.outcome.failure.message,
      /^2 of 3 versions of 127\.0\.0\.1:\d+\/team\/app were deleted\. .*disk/,
    );
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['2'], 'it goes on after a failure');
    fakeGitea.faults.clear();
    const owner = fakeGitea.directory.owner('team')?.id ?? 0;
    const manifest = { digest: `sha256:${'a'.repeat(64)}`, size: 2, mediaType: 'application/x' };
    const odd = { reference: 'sha512:abc', tagged: false, creatorId: 2, createdAt: Date.now(), blobs: [], manifest };
    fakeGitea.packages.putVersion(owner, 'app', odd);
    const plan = await planDeletion(contents, [target], call);
    assert.deepEqual(plan.steps, [{ ...target, tags: ['2'], untagged: 1 }]);
    const [left] = await runDeletion(contents, plan, call);
    assert.ok(typeof left?.outcome === 'object');
    assert.match(
      left.outcome.failure.message,
      /1 of 2 versions of .*app were deleted\. Versions whose names are neither tags nor digests stay: 1\./,
    );
  });

  test('of an image that is cancelled says what is gone already', async (t) => {
    const { client, fakeGitea } = await signedIn(t, { version: '1.24.0' });
    await pushImage(client, repository, ['1', '2', '3']);
    const contents = await client.contents(call);
    const plan = await planDeletion(contents, [{ kind: 'image', repository }], call);
    const cancel = new AbortController();
    const onStrike = (): void => {
      cancel.abort();
    };
    fakeGitea.faults.add({ method: 'DELETE', path: /container\/app\/2$/, action: { kind: 'stall' }, onStrike });
    const [result] = await runDeletion(contents, plan, { signal: cancel.signal });
    assert.ok(typeof result?.outcome === 'object');
    assert.match(result.outcome.failure.message, /^1 of 3 versions of .*app were deleted\.$/);
  });

  test('keeps what an index needs that was pushed after the confirmation', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const [free, needed, tagged] = [
      await pushImage(client, repository, []),
      await pushImage(client, repository, []),
      await pushImage(client, repository, ['amd64']),
    ];
    const contents = await client.contents(call);
    const targets: DeletionTarget[] = [
      { kind: 'digest', repository, digest: needed },
      { kind: 'digest', repository, digest: free },
      { kind: 'tag', repository, tag: 'amd64' },
    ];
    const plan = await planDeletion(contents, targets, call);
    await pushIndex(client, repository, 'multi', [needed, tagged]);
    const outcomes = (await runDeletion(contents, plan, call)).map(({ outcome }) =>
      typeof outcome === 'object' ? outcome.failure.message : outcome,
    );
    assert.match(
      outcomes[0] ?? '',
      /has a new tag “multi” since you confirmed, an index that needs [0-9a-f]{12}; so that was kept/,
    );
    assert.equal(outcomes[1], 'deleted');
    assert.match(outcomes[2] ?? '', /has a new tag “multi”/);
    assert.deepEqual(fakeGitea.tags('team', 'app'), ['amd64', 'multi']);
  });

  test('keeps what an index needs that was pushed after the first step, and lists one page before each', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const children: Digest[] = [];
    for (let at = 0; at < 4; at++) children.push(await pushImage(client, repository, []));
    const contents = await client.contents(call);
    const targets = children.map((digest) => ({ kind: 'digest', repository, digest }) as const);
    const plan = await planDeletion(contents, targets, call);
    const [first, second, ...others] = plan.steps;
    assert.ok(first?.kind === 'version' && second?.kind === 'version');
    const before = fakeGitea.requests.length;
    const [one] = await runDeletion(contents, { ...plan, steps: [first] }, call);
    assert.equal(one?.outcome, 'deleted');
    const sent = fakeGitea.requests.slice(before).map(({ method, path }) => `${method} ${path.split('?')[0] ?? ''}`);
    const image = '/api/v1/packages/team/container/app';
    assert.deepEqual(sent, [`GET ${image}`, `DELETE ${image}/${encodeURIComponent(first.digest)}`]);

    const { packages = assert.fail() } = contents;
    const deleteVersion = packages.deleteVersion.bind(packages);
    t.mock.method(packages, 'deleteVersion', async (...request: Parameters<typeof deleteVersion>) => {
      const outcome = await deleteVersion(...request);
      if (fakeGitea.tags('team', 'app').length === 0) await pushIndex(client, repository, 'late', [second.digest]);
      return outcome;
    });
    const [last = assert.fail(), free = assert.fail()] = others;
    const results = await runDeletion(contents, { ...plan, steps: [last, second, free] }, call);
    const [done, kept, alsoDone] = results.map(({ outcome }) => outcome);
    assert.deepEqual([done, alsoDone], ['deleted', 'deleted']);
    assert.ok(typeof kept === 'object', 'the index needs it');
    assert.match(kept.failure.message, /has a new tag “late” since you confirmed, an index that needs/);
  });

  test('of an image whose versions were deleted meanwhile, or have odd names, does not say in part', async (t) => {
    const { client, fakeGitea } = await signedIn(t, { version: '1.24.0' });
    const owner = fakeGitea.directory.owner('team')?.id ?? 0;
    const manifest = { digest: `sha256:${'a'.repeat(64)}`, size: 2, mediaType: 'application/x' };
    const odd = { reference: 'sha512:abc', tagged: false, creatorId: 2, createdAt: Date.now(), blobs: [], manifest };
    fakeGitea.packages.putVersion(owner, 'app', odd);
    const contents = await client.contents(call);
    const target: DeletionTarget = { kind: 'image', repository };
    const [left] = await runDeletion(contents, await planDeletion(contents, [target], call), call);
    assert.ok(typeof left?.outcome === 'object');
    assert.equal(left.outcome.failure.facts['inPart'], false);
    assert.match(left.outcome.failure.message, /^0 of 1 versions of .*app were deleted\./);

    await pushImage(client, 'team/other', ['1']);
    const { packages = assert.fail() } = contents;
    t.mock.method(packages, 'deleteVersion', () => Promise.resolve('gone'));
    assert.deepEqual(await deleteAll(contents, [{ kind: 'image', repository: 'team/other' }]), ['gone']);
  });

  test('that is not allowed says so, and why', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    const admin = clientFor(fakeGitea.url, { credential: { username: 'giteaAdmin', secret: 'adm:n@100% sure' } });
    t.after(() => admin.close());
    const own = 'readers/app';
    await pushImage(admin, own, ['1']);
    const digest = await pushImage(admin, own, []);
    await pushImage(admin, 'readers/app2', ['1']);
    const contents = await client.contents(call);
    const plan = await planDeletion(
      contents,
      [
        { kind: 'tag', repository: own, tag: '1' },
        { kind: 'digest', repository: own, digest },
        { kind: 'image', repository: 'readers/app2' },
      ],
      call,
    );
    const messages = (await runDeletion(contents, plan, call)).map(({ outcome }) =>
      typeof outcome === 'object' ? `${outcome.failure.code}: ${outcome.failure.message}` : outcome,
    );
    assert.match(messages[0] ?? '', /accessDenied: .*does not let you delete “app2”: “user should have/);
    assert.match(messages[1] ?? '', /accessDenied: .*write packages of “readers” \(reqPackageAccess\)/);
    assert.match(messages[2] ?? '', /accessDenied: .*does not let you delete sha256:.* of “app”/);
    assert.deepEqual([fakeGitea.tags('readers', 'app'), fakeGitea.tags('readers', 'app2')], [['1'], ['1']]);
  });

  test('that is cancelled leaves the rest', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, repository, ['1', '2', '3']);
    const contents = await client.contents(call);
    const targets = ['1', '2', '3'].map((tag) => ({ kind: 'tag', repository, tag }) as const);
    const plan = await planDeletion(contents, targets, call);
    const cancel = new AbortController();
    const results = await runDeletion(contents, plan, cancel, () => {
      cancel.abort();
    });
    assert.deepEqual(
      results.map(({ outcome }) => (typeof outcome === 'object' ? outcome.failure.code : outcome)),
      ['deleted', 'cancelled', 'cancelled'],
    );
    assert.equal(fakeGitea.tags('team', 'app').length, 2);
  });
});

suite('a deletion on a plain registry', () => {
  test('of a tag is refused by older ones, with the digest as the way out', async (t) => {
    const { client, put, manifests } = await plainRegistry(t);
    const digest = put(repository, '1', '2');
    put(repository, '3');
    const contents = await client.contents(call);
    const byTag = await planDeletion(contents, [{ kind: 'tag', repository, tag: '1' }], call);
    const [result] = await runDeletion(contents, byTag, call);
    assert.ok(typeof result?.outcome === 'object');
    assert.equal(result.outcome.failure.code, 'deleteUnsupported');
    assert.equal(result.outcome.failure.facts['digestOnly'], true);
    assert.match(result.outcome.failure.message, /cannot delete the tag “1” alone/);
    const plan = await planDeletion(contents, [{ kind: 'digest', repository, digest }], call);
    assert.deepEqual(plan.steps, [{ kind: 'manifest', repository, digest, tags: ['1', '2'] }]);
    const outcomes = (await runDeletion(contents, plan, call)).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes, ['deleted']);
    assert.deepEqual(
      [...manifests.keys()].filter((key) => !key.includes('@')),
      ['team/app:3'],
    );
  });

  test('by digest is not done if a tag has come that was not named', async (t) => {
    const { client, put, manifests } = await plainRegistry(t);
    const digest = put(repository, '1');
    const contents = await client.contents(call);
    const plan = await planDeletion(contents, [{ kind: 'digest', repository, digest }], call);
    manifests.set(`${repository}:late`, manifests.get(`${repository}:1`) ?? assert.fail());
    const [result] = await runDeletion(contents, plan, call);
    assert.ok(typeof result?.outcome === 'object' && result.outcome.failure instanceof TeaChestError);
    assert.match(result.outcome.failure.message, /another tag “late” of the same digest/);
    assert.equal(manifests.size, 3);
  });

  test('of a tag works where the registry can do it, and says where nobody may delete', async (t) => {
    const able = await plainRegistry(t, { deletesTags: true });
    able.put(repository, '1', '2');
    const contents = await able.client.contents(call);
    assert.deepEqual(await deleteAll(contents, [{ kind: 'tag', repository, tag: '1' }]), ['deleted']);
    const never = await plainRegistry(t, { deletes: false });
    never.put(repository, '1');
    const closed = await never.client.contents(call);
    const plan = await planDeletion(closed, [{ kind: 'tag', repository, tag: '1' }], call);
    const [result] = await runDeletion(closed, plan, call);
    assert.ok(typeof result?.outcome === 'object');
    assert.match(result.outcome.failure.message, /does not allow anybody to delete images/);
  });
});
