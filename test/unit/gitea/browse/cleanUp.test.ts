import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { planCleanUp } from '../../../../src/core/gitea/browse/planCleanUp.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { pushImage, pushIndex } from '../pushContent.ts';
import { never, signedIn } from '../testClient.ts';

const call = { signal: never };
const repository = 'team/app';
const hour = 3_600_000;
const later = (): { now: number } => ({ now: Date.now() + 2 * hour });

suite('what no tag needs', () => {
  test('is neither tagged, nor named by an index that has a tag, nor about such a manifest', async (t) => {
    const { client } = await signedIn(t);
    const [amd64, arm64, old] = [
      await pushImage(client, repository, []),
      await pushImage(client, repository, []),
      await pushImage(client, repository, [], { layerSize: 5_000 }),
    ];
    await pushIndex(client, repository, 'multi', [amd64, arm64]);
    const tagged = await pushImage(client, repository, ['1']);
    const signature = await pushImage(client, repository, [], { subject: tagged });
    const signatureOfOld = await pushImage(client, repository, [], { subject: old });
    const oldChild = await pushImage(client, repository, []);
    const oldIndex = await pushIndex(client, repository, undefined, [oldChild]);
    const plan = await planCleanUp(await client.contents(call), repository, call, later());
    assert.deepEqual(
      new Set(plan.unneeded.map(({ digest }) => digest)),
      new Set([old, signatureOfOld, oldChild, oldIndex]),
    );
    assert.ok(!plan.unneeded.some(({ digest }) => [amd64, arm64, tagged, signature].includes(digest)));
    assert.deepEqual([plan.recent, plan.unreadable], [0, 0]);
    const byDigest = new Map(plan.unneeded.map((one) => [one.digest, one]));
    assert.equal(byDigest.get(oldIndex)?.kind, 'index');
    assert.ok((byDigest.get(old)?.size ?? 0) > 5_000);
  });

  test('is kept for an hour, with what it names: its push may still be running', async (t) => {
    let now = Date.UTC(2026, 5, 1, 12);
    const { client } = await signedIn(t, { clock: () => now }, {});
    const oldChild = await pushImage(client, repository, []);
    const old = await pushImage(client, repository, []);
    now += 2 * hour;
    await pushIndex(client, repository, undefined, [oldChild]);
    const fresh = await pushImage(client, repository, []);
    const contents = await client.contents(call);
    const plan = await planCleanUp(contents, repository, call, { now });
    assert.deepEqual([plan.unneeded.map(({ digest }) => digest), plan.recent], [[old], 2]);
    const afterwards = await planCleanUp(contents, repository, call, { now: now + 2 * hour });
    assert.equal(afterwards.unneeded.length, 4);
    assert.ok(afterwards.unneeded.some(({ digest }) => digest === fresh));
  });

  test('is nothing if a tag cannot be read, because it is not known what that needs', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, repository, []);
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ mediaType: 1, digest: 'sha512:1' }],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    await pushImage(client, repository, ['odd']);
    const contents = await client.contents(call);
    const odd = { headers: { 'Content-Type': mediaTypes.ociIndex }, status: 200, body: bytes.toString() };
    fakeGitea.faults.add({
      method: 'GET',
      path: /manifests\/odd/,
      times: Infinity,
      action: { kind: 'answer', reply: odd },
    });
    await assert.rejects(planCleanUp(contents, repository, call, later()), {
      code: 'registryRefused',
      message: /The tag “odd” of .*team\/app is no manifest that Tea Chest can read/,
    });
    assert.ok(digestOf(bytes).startsWith('sha256:'));
  });

  test('is not what Gitea stored under the digest of something else', async (t) => {
    const { client } = await signedIn(t);
    const opened = await client.repository(repository, call);
    const other = await pushImage(client, repository, ['1']);
    const stored = (await opened.readManifest('1', call)) ?? assert.fail();
    const wrong = `sha256:${'0'.repeat(64)}`;
    await opened.putManifest(wrong, stored.bytes, stored.mediaType, call);
    const plan = await planCleanUp(await client.contents(call), repository, call, later());
    assert.deepEqual([plan.unneeded, plan.unreadable], [[], 1], `kept beside ${other}`);
  });
});
