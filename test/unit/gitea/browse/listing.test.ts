import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listImages, type ImageQuery } from '../../../../src/core/gitea/browse/listImages.ts';
import { listTags } from '../../../../src/core/gitea/browse/listTags.ts';
import { listUntagged } from '../../../../src/core/gitea/browse/listUntagged.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { collect, pushImage, pushIndex } from '../pushContent.ts';
import { never, signedIn } from '../testClient.ts';
import { plainRegistry } from './plainRegistry.ts';

const call = { signal: never };
const query = (more: Partial<ImageQuery> = {}): ImageQuery => ({ owner: 'team', sort: 'newest', filter: '', ...more });

/** Fills an owner without pushing: `images` with `tags` each, the last image pushed last. */
function fill(fakeGitea: FakeGitea, owner: string, images: number, tags: number): void {
  const manifest = {
    digest: digestOf(Buffer.from('{}')),
    size: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
  };
  for (let image = 0; image < images; image++) {
    for (let tag = 0; tag < tags; tag++) {
      fakeGitea.packages.putVersion(fakeGitea.directory.owner(owner)?.id ?? -1, `app${String(image)}`, {
        reference: `v${String(tag)}`,
        tagged: true,
        creatorId: 2,
        createdAt: Date.UTC(2026, 0) + (image * tags + tag) * 1000,
        blobs: [],
        manifest,
      });
    }
  }
}

suite('the images of an owner', () => {
  test('are listed with tags, last push and the linked repository', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, 'team/old', ['1', '2']);
    await pushImage(client, 'team/group/app', ['latest']);
    await pushImage(client, 'team/untagged', []);
    const team = fakeGitea.directory.owner('team') ?? assert.fail();
    fakeGitea.directory.addRepository(team, 'source');
    await client.packages.link({ owner: 'team', name: 'old' }, 'source', call);
    const contents = await client.contents(call);
    const { rows, end } = await collect(listImages(contents, query({ sort: 'name' }), call));
    assert.deepEqual(
      rows.map(({ name, tags, linkedTo }) => [name, tags, linkedTo]),
      [
        ['group/app', ['latest'], undefined],
        ['old', ['2', '1'], 'source'],
        ['untagged', [], undefined],
      ],
    );
    assert.ok(rows.every(({ pushedAt }) => pushedAt !== undefined));
    assert.deepEqual(end, { hidden: 0, renamedTo: undefined });
    const newest = await collect(listImages(contents, query(), call));
    assert.equal(newest.rows.length, 3);
    const filtered = await collect(listImages(contents, query({ filter: 'OLD' }), call));
    assert.deepEqual(
      filtered.rows.map(({ name }) => name),
      ['old'],
    );
  });

  test('of a renamed owner are listed under its present name', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    await pushImage(client, 'team/app', ['1']);
    fakeGitea.directory.rename(fakeGitea.directory.owner('team') ?? assert.fail(), 'Crew');
    const { rows, end } = await collect(listImages(await client.contents(call), query(), call));
    assert.deepEqual([rows.map(({ name }) => name), end], [['app'], { hidden: 0, renamedTo: 'crew' }]);
  });

  test('1,000 images with 100 tags each need few requests: the last pushed first, then all others by name', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    fill(fakeGitea, 'team', 1_000, 100);
    fill(fakeGitea, 'dev', 3, 1);
    const contents = await client.contents(call);
    await contents.packages?.version({ owner: 'team', name: 'app1' }, 'v1', call);
    fakeGitea.clearRequests();
    const images = listImages(contents, query(), call);
    const first = await collect(images, 100);
    assert.equal(first.rows[0]?.name, 'app999');
    assert.ok(fakeGitea.requests.length <= 5, `${String(fakeGitea.requests.length)} requests for the first page`);
    const rest = await collect(images);
    assert.ok(fakeGitea.requests.length <= 20, `${String(fakeGitea.requests.length)} requests in all`);
    const names = [...first.rows, ...rest.rows].map(({ name }) => name);
    assert.equal(new Set(names).size, 1_000);
    assert.equal(names.length, 1_000);
    const byName = await collect(listImages(contents, query({ sort: 'name', filter: '99' }), call));
    assert.deepEqual(
      byName.rows.map(({ name }) => name),
      Array.from({ length: 1_000 }, (_, at) => `app${String(at)}`)
        .filter((name) => name.includes('99'))
        .sort(),
    );
  });

  test('of a large owner are read from the versions if the registry refuses its catalog', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    fill(fakeGitea, 'team', 30, 20);
    fakeGitea.faults.add({ path: /_catalog/, times: Infinity, action: { kind: 'answer', reply: { status: 404 } } });
    const { rows } = await collect(listImages(await client.contents(call), query(), call));
    assert.deepEqual(
      rows.map(({ name }) => name),
      Array.from({ length: 30 }, (_, at) => `app${String(29 - at)}`),
    );
  });

  test('on older servers and Forgejo are the same', async (t) => {
    for (const options of [{ version: '1.17.0' }, { version: '1.23.0' }, { flavour: 'forgejo' as const }]) {
      const { client } = await signedIn(t, options);
      await pushImage(client, 'team/app', ['1', '2']);
      await pushImage(client, 'team/app-other', ['3']);
      const contents = await client.contents(call);
      const { rows } = await collect(listImages(contents, query({ sort: 'name' }), call));
      assert.deepEqual(
        rows.map(({ name, tags }) => [name, tags]),
        [
          ['app', ['2', '1']],
          ['app-other', ['3']],
        ],
      );
      const tags = await collect(listTags(contents, { repository: 'team/app', sort: 'name' }, call));
      assert.deepEqual([tags.rows.map(({ tag }) => tag), tags.end], [['1', '2'], 0]);
    }
  });
});

suite('the tags of an image', () => {
  test('are sorted by push or by name, with who pushed them', async (t) => {
    const { client } = await signedIn(t);
    await pushImage(client, 'team/app', ['1.10', '1.9', 'latest']);
    const contents = await client.contents(call);
    const byName = await collect(listTags(contents, { repository: 'team/app', sort: 'name' }, call));
    assert.deepEqual(
      byName.rows.map(({ tag }) => tag),
      ['1.9', '1.10', 'latest'],
    );
    const byPush = await collect(listTags(contents, { repository: 'team/app', sort: 'newest' }, call));
    assert.deepEqual(
      byPush.rows.map(({ tag, version }) => [tag, version?.creator]),
      [
        ['latest', 'dev'],
        ['1.9', 'dev'],
        ['1.10', 'dev'],
      ],
    );
  });

  test('of an image with thousands come page by page', async (t) => {
    const { client, fakeGitea } = await signedIn(t);
    fill(fakeGitea, 'team', 1, 3_000);
    const contents = await client.contents(call);
    await contents.packages?.version({ owner: 'team', name: 'app0' }, 'v1', call);
    for (const [sort, first] of [
      ['newest', 'v2999'],
      ['name', 'v0'],
    ] as const) {
      fakeGitea.clearRequests();
      const { rows } = await collect(listTags(contents, { repository: 'team/app0', sort }, call), 50);
      assert.equal(rows[0]?.tag, first);
      assert.ok(fakeGitea.requests.length <= 3, `${sort}: ${String(fakeGitea.requests.length)} requests`);
    }
    const all = await collect(listTags(contents, { repository: 'team/app0', sort: 'newest' }, call));
    assert.equal(new Set(all.rows.map(({ tag }) => tag)).size, 3_000);
    const named = await collect(listTags(contents, { repository: 'team/app0', sort: 'name' }, call));
    assert.equal(new Set(named.rows.map(({ tag }) => tag)).size, 3_000);
  });

  test('have untagged versions beside them, without those that an index names', async (t) => {
    const { client } = await signedIn(t);
    const [amd64, arm64, old] = [
      await pushImage(client, 'team/app', []),
      await pushImage(client, 'team/app', []),
      await pushImage(client, 'team/app', []),
    ];
    await pushIndex(client, 'team/app', 'multi', [amd64, arm64]);
    const contents = await client.contents(call);
    const tags = await collect(listTags(contents, { repository: 'team/app', sort: 'newest' }, call));
    assert.deepEqual([tags.rows.map(({ tag }) => tag), tags.end], [['multi'], 3]);
    const untagged = await listUntagged(contents, 'team/app', call);
    assert.deepEqual(
      untagged.map(({ version }) => version),
      [old],
    );
  });
});

suite('a registry that is no Gitea', () => {
  test('lists its repositories and tags', async (t) => {
    const { client, put } = await plainRegistry(t);
    put('team/app', '1.10', '1.9');
    put('solo__x', 'latest');
    const contents = await client.contents(call);
    const { rows, end } = await collect(listImages(contents, query({ owner: undefined }), call));
    assert.deepEqual([rows.map(({ name }) => name).sort(), end?.hidden], [['solo__x', 'team/app'], 0]);
    const tags = await collect(listTags(contents, { repository: 'team/app', sort: 'newest' }, call));
    assert.deepEqual(
      tags.rows.map(({ tag }) => tag),
      ['1.9', '1.10'],
    );
  });

  for (const status of [401, 403, 404, 405]) {
    test(`that answers ${String(status)} for its catalog gets an error that says what is meant`, async (t) => {
      const { client } = await plainRegistry(t, { catalogStatus: status });
      const contents = await client.contents(call);
      await assert.rejects(collect(listImages(contents, query({ owner: undefined }), call)), {
        code: 'catalogRefused',
        message: new RegExp(`does not list its repositories and answered ${String(status)}.*nobody`),
      });
    });
  }
});
