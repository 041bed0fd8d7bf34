import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { listImages } from '../../src/core/gitea/browse/listImages.ts';
import { listTags } from '../../src/core/gitea/browse/listTags.ts';
import { planCleanUp } from '../../src/core/gitea/browse/planCleanUp.ts';
import { planDeletion, type DeletionTarget } from '../../src/core/gitea/browse/planDeletion.ts';
import { readDocument } from '../../src/core/gitea/browse/readDocument.ts';
import { retag } from '../../src/core/gitea/browse/retag.ts';
import { runDeletion } from '../../src/core/gitea/browse/runDeletion.ts';
import { linkPackage, moveLink, readLink, unlinkPackage } from '../../src/core/gitea/linkPackage.ts';
import { collect, pushImage, pushIndex } from '../unit/gitea/pushContent.ts';
import { clientFor, never, type TestClient } from '../unit/gitea/testClient.ts';
import { Target } from './support/target.ts';

/** The code of the Registries view itself, against the server under test; the server's own lists show what it has done. */
let target: Target;
let client: TestClient;
before(async () => {
  target = await Target.open();
  const { name: username, password: secret } = target.account;
  client = clientFor(`${target.http.origin}${target.subPath}`, { credential: { username, secret } });
});
after(async () => {
  await client.close();
  await target.close();
});

const call = { signal: never };

async function versionsOf(image: string): Promise<readonly string[]> {
  const answer = await target.rest('GET', `/packages/${target.account.name}?type=container&limit=50&q=${image}`);
  const rows = JSON.parse(answer.text) as { name: string; version: string }[];
  return rows.map(({ version }) => version).sort();
}

async function remove(...targets: readonly DeletionTarget[]): Promise<readonly unknown[]> {
  const contents = await client.contents(call);
  const plan = await planDeletion(contents, targets, call);
  return (await runDeletion(contents, plan, call)).map(({ outcome }) => outcome);
}

describe('our client', () => {
  test('lists, tags, cleans up and deletes, and nothing else is gone afterwards', async () => {
    const image = target.image();
    const repository = `${target.owner}/${image}/part`;
    const children = [await pushImage(client, repository, []), await pushImage(client, repository, [])];
    const index = await pushIndex(client, repository, 'multi', children);
    const digest = await pushImage(client, repository, ['1', '2']);
    const old = await pushImage(client, repository, []);
    const contents = await client.contents(call);

    const query = { owner: target.owner, sort: 'name' as const, filter: image };
    const images = await collect(listImages(contents, query, call));
    assert.deepEqual(
      images.rows.map(({ name, tags }) => [name, [...(tags ?? [])].sort()]),
      [[`${image}/part`, ['1', '2', 'multi']]],
    );
    const tags = await collect(listTags(contents, { repository, sort: 'name' }, call));
    assert.deepEqual([tags.rows.map(({ tag }) => tag), tags.end], [['1', '2', 'multi'], 3]);
    assert.ok(tags.rows.every(({ version }) => version?.creator?.toLowerCase() === target.owner));

    await retag(contents, { repository, digest: index, tag: 'all', replaces: undefined }, call);
    const stored = await target.registry('GET', `/v2/${repository}/manifests/all`);
    assert.equal(stored.headers['docker-content-digest'], index);
    const opened = await client.repository(repository, call);
    assert.match(await readDocument(opened, { digest, part: 'history' }, call), /^CREATED/);

    const plan = await planCleanUp(contents, repository, call, { now: Date.now() + 7_200_000 });
    assert.deepEqual(
      plan.unneeded.map((one) => one.digest),
      [old],
    );
    assert.equal((await planCleanUp(contents, repository, call, { now: Date.now() })).recent, 1);
    await runDeletion(contents, { steps: [{ kind: 'version', repository, digest: old }], versions: new Map() }, call);
    assert.deepEqual(await versionsOf(image), ['1', '2', 'all', 'multi', ...children].sort());

    assert.deepEqual(await remove({ kind: 'tag', repository, tag: 'all' }), ['deleted']);
    assert.deepEqual(await remove({ kind: 'digest', repository, digest }), ['deleted', 'deleted']);
    assert.deepEqual(await versionsOf(image), ['multi', ...children].sort());
    const { broken } = await planDeletion(
      contents,
      [{ kind: 'digest', repository, digest: children[0] ?? assert.fail() }],
      call,
    );
    assert.deepEqual(broken, [{ repository, tag: 'multi', lost: ['linux/amd64'] }]);
    assert.deepEqual(await remove({ kind: 'image', repository }), ['deleted']);
    assert.deepEqual(await versionsOf(image), []);
  });

  test('keeps an image to which something was pushed after the confirmation', async () => {
    const image = target.image();
    const repository = `${target.owner}/${image}`;
    await pushImage(client, repository, ['1']);
    const contents = await client.contents(call);
    for (const pushed of ['2', '1']) {
      const plan = await planDeletion(contents, [{ kind: 'image', repository }], call);
      await pushImage(client, repository, [pushed]);
      const [result] = await runDeletion(contents, plan, call);
      assert.ok(typeof result?.outcome === 'object', pushed);
      assert.equal(result.outcome.failure.code, 'changedMeanwhile');
    }
    assert.deepEqual(await versionsOf(image), ['1', '2']);
  });

  test('moves a link, and says what is in the way of one', async (t) => {
    if (!target.has('linkApi')) {
      t.skip('since Gitea 1.24 and Forgejo 11');
      return;
    }
    const image = target.image();
    await pushImage(client, `${target.owner}/${image}`, ['1']);
    const [first, second] = [await target.repository(), await target.repository()];
    const id = { owner: target.owner, name: image };
    const wanted = { host: client.address.host, id };
    assert.equal(await moveLink(client.packages, { ...wanted, repository: first }, call), undefined);
    await assert.rejects(linkPackage(client.packages, { ...wanted, repository: second }, call), {
      code: 'changedMeanwhile',
      message: new RegExp(`by now it is linked to “${first}”`),
    });
    await assert.rejects(
      moveLink(client.packages, { ...wanted, repository: 'nosuch' }, call),
      /there is no such repository/,
    );
    assert.equal((await readLink(client.packages, id, call))?.repository, first, 'the former link is made again');
    assert.equal(await moveLink(client.packages, { ...wanted, repository: second }, call), first);
    assert.equal((await readLink(client.packages, id, call))?.repository, second);
    await unlinkPackage(client.packages, wanted, call);
    await unlinkPackage(client.packages, wanted, call);
    assert.equal((await readLink(client.packages, id, call))?.repository, undefined);
  });
});
