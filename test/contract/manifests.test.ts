import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  content,
  descriptor,
  errorCode,
  freshContent,
  manifestOf,
  ociIndex,
  ociManifest,
  pushImage,
  putBlob,
  putManifest,
  type Content,
} from './support/content.ts';
import type { RawAnswer } from './support/rawHttp.ts';
import { Target } from './support/target.ts';

let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

function assertError(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(errorCode(answer.text), code);
}

async function read(image: string, reference: string, method = 'GET'): Promise<RawAnswer> {
  return target.registry(method, `/v2/${target.owner}/${image}/manifests/${reference}`);
}

async function headBlob(image: string, { digest }: Content): Promise<number> {
  return (await target.registry('HEAD', `/v2/${target.owner}/${image}/blobs/${digest}`)).status;
}

const indexOf = (manifests: readonly unknown[]): Content =>
  content(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }));

describe('a manifest', () => {
  test('is returned byte for byte, by tag in any case and by digest, whatever Accept says', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'Version-1');
    for (const reference of ['version-1', 'VERSION-1', manifest.digest]) {
      const answer = await target.registry('GET', `/v2/${target.owner}/${image}/manifests/${reference}`, {
        headers: { Accept: 'text/html' },
      });
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, manifest.bytes);
      assert.equal(answer.headers['content-type'], ociManifest);
      assert.equal(answer.headers['docker-content-digest'], manifest.digest);
    }
    assertError(await read(image, 'v2'), 404, 'MANIFEST_UNKNOWN');
    assertError(await read(image, content('other').digest), 404, 'MANIFEST_UNKNOWN');
  });

  test('needs its Content-Type exactly, or a mediaType of its own', async () => {
    const image = target.image();
    const { manifest, config, layer } = await pushImage(target, image, 'v1');
    assertError(
      await putManifest(target, image, 'v2', manifest, `${ociManifest}; charset=utf-8`),
      400,
      'MANIFEST_INVALID',
    );
    assert.equal((await putManifest(target, image, 'v3', manifest, 'application/json')).status, 201);
    const silent = manifestOf(config, [layer], { mediaType: undefined });
    assertError(await putManifest(target, image, 'v4', silent, 'application/json'), 400, 'MANIFEST_INVALID');
    const artifact = 'application/vnd.oci.artifact.manifest.v1+json';
    assertError(await putManifest(target, image, 'v5', manifest, artifact), 400, 'MANIFEST_INVALID');
  });

  test('in the Docker format is accepted as well', async () => {
    const image = target.image();
    const { config, layer } = await pushImage(target, image, 'v1');
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const manifest = manifestOf(config, [layer], { mediaType: type });
    assert.equal((await putManifest(target, image, 'docker', manifest, type)).status, 201);
    assert.equal((await read(image, 'docker', 'HEAD')).headers['content-type'], type);
  });

  test('of another schema version is unsupported', async () => {
    assertError(await putManifest(target, target.image(), 'v1', content('{"schemaVersion":1}')), 501, 'UNSUPPORTED');
  });

  test('that is no JSON is a server error without a message', async () => {
    const answer = await putManifest(target, target.image(), 'v1', content('{"schemaVersion":'));
    assert.equal(answer.status, 500);
    assert.equal(answer.text, '');
  });

  test('above 10 MiB is too large', async () => {
    const answer = await putManifest(target, target.image(), 'v1', content(Buffer.alloc(10 * 1024 * 1024 + 1, ' ')));
    assertError(answer, 413, 'MANIFEST_INVALID');
  });

  test('needs a valid tag', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'v1');
    for (const tag of ['-v1', '.v1', 'v'.repeat(129), 'v1+build']) {
      assertError(await putManifest(target, image, tag, manifest), 400, 'MANIFEST_INVALID');
    }
    assert.equal((await putManifest(target, image, 'v'.repeat(128), manifest)).status, 201);
  });

  test('cannot name blobs outside of its own image, not even a foreign layer', async (t) => {
    if (target.isGitea('1.25.0', '1.25.3')) {
      t.skip('1.25.0 to 1.25.2 panic here');
      return;
    }
    const [image, elsewhere] = [target.image(), target.image()];
    const { config, layer } = await pushImage(target, image, 'v1');
    const foreign = freshContent(10);
    await putBlob(target, elsewhere, foreign);
    assertError(await putManifest(target, image, 'v2', manifestOf(config, [layer, foreign])), 404, 'BLOB_UNKNOWN');
    assertError(await putManifest(target, image, 'v3', manifestOf(foreign, [layer])), 404, 'BLOB_UNKNOWN');
    const urls = [{ ...descriptor('application/octet-stream', foreign), urls: ['https://example.org/layer'] }];
    assertError(await putManifest(target, image, 'v4', manifestOf(config, [], { layers: urls })), 404, 'BLOB_UNKNOWN');
    assertError(await read(image, 'v2'), 404, 'MANIFEST_UNKNOWN');
  });

  test('may name a layer twice, have none, and be of any kind', async () => {
    const image = target.image();
    const { config, layer } = await pushImage(target, image, 'v1');
    assert.equal((await putManifest(target, image, 'twice', manifestOf(config, [layer, layer]))).status, 201);
    assert.equal((await putManifest(target, image, 'none', manifestOf(config, []))).status, 201);
    const empty = content('{}');
    await putBlob(target, image, empty);
    const artifact = {
      config: descriptor('application/vnd.oci.empty.v1+json', empty),
      layers: [descriptor('application/x-anything', layer)],
      artifactType: 'application/x-anything',
    };
    const answer = await putManifest(target, image, 'artifact', manifestOf(empty, [], artifact));
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['oci-subject'], undefined);
  });

  test('may have a config that is no JSON', async (t) => {
    if (!target.has('anyConfig')) {
      t.skip('since Gitea 1.25');
      return;
    }
    const image = target.image();
    const config = freshContent(100);
    await putBlob(target, image, config);
    assert.equal((await putManifest(target, image, 'v1', manifestOf(config, []))).status, 201);
  });
});

describe('a tag', () => {
  test('is replaced at once, and the files of the old one alone are removed', async () => {
    const image = target.image();
    const first = await pushImage(target, image, 'latest');
    const second = await pushImage(target, image, 'Latest');
    assert.equal((await read(image, 'latest', 'HEAD')).headers['docker-content-digest'], second.manifest.digest);
    assertError(await read(image, first.manifest.digest), 404, 'MANIFEST_UNKNOWN');
    assert.equal(await headBlob(image, first.layer), 404);
    assert.equal(await headBlob(image, second.layer), 200);
  });

  test('is deleted alone; a digest is deleted with all its tags', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'one');
    for (const tag of ['two', 'three', manifest.digest]) await putManifest(target, image, tag, manifest);
    assert.equal((await read(image, 'one', 'DELETE')).status, 202);
    assert.equal((await read(image, 'two', 'HEAD')).status, 200);
    assert.equal((await read(image, manifest.digest, 'DELETE')).status, 202);
    for (const reference of ['two', 'three', manifest.digest]) {
      assert.equal((await read(image, reference, 'HEAD')).status, 404, reference);
    }
    assertError(await read(image, 'two', 'DELETE'), 404, 'MANIFEST_UNKNOWN');
  });
});

describe('an index', () => {
  test('needs its children in the same image, as image manifests', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'child');
    const child = descriptor(ociManifest, manifest);
    const absent = descriptor(ociManifest, content('absent'));
    const nested = descriptor(ociIndex, manifest);
    assertError(
      await putManifest(target, image, 'v1', indexOf([child, absent]), ociIndex),
      404,
      'MANIFEST_BLOB_UNKNOWN',
    );
    assertError(await putManifest(target, image, 'v1', indexOf([nested]), ociIndex), 400, 'MANIFEST_INVALID');
    const untyped = { digest: manifest.digest, size: manifest.bytes.length };
    assertError(await putManifest(target, image, 'v1', indexOf([untyped]), ociIndex), 400, 'MANIFEST_INVALID');
    const elsewhere = target.image();
    await pushImage(target, elsewhere, 'v1');
    const foreign = await putManifest(target, elsewhere, 'index', indexOf([child]), ociIndex);
    assertError(foreign, 404, 'MANIFEST_BLOB_UNKNOWN');
  });

  test('with an attestation is stored as it is', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'child');
    const unknown = { platform: { os: 'unknown', architecture: 'unknown' } };
    const index = indexOf([
      { ...descriptor(ociManifest, manifest), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      { ...descriptor(ociManifest, manifest), ...unknown },
    ]);
    assert.equal((await putManifest(target, image, 'v1', index, ociIndex)).status, 201);
    const answer = await read(image, 'v1');
    assert.equal(answer.headers['content-type'], ociIndex);
    assert.deepEqual(answer.body, index.bytes);
  });
});

describe('lists', () => {
  test('give the tags in pages, with a link to the next even on the last', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'c');
    for (const tag of ['B', 'a', manifest.digest]) await putManifest(target, image, tag, manifest);
    const list = async (query: string): Promise<{ tags: unknown; link: unknown }> => {
      const answer = await target.registry('GET', `/v2/${target.owner}/${image}/tags/list${query}`);
      assert.equal(answer.status, 200);
      const body = JSON.parse(answer.text) as { name: string; tags: string[] | null };
      assert.equal(body.name, `${target.owner}/${image}`);
      return { tags: body.tags ?? [], link: answer.headers['link'] };
    };
    const link = (query: string): string => `</v2/${target.owner}/${image}/tags/list?${query}>; rel="next"`;
    assert.deepEqual(await list(''), { tags: ['a', 'b', 'c'], link: link('last=c') });
    assert.deepEqual(await list('?n=2'), { tags: ['a', 'b'], link: link('last=b&n=2') });
    assert.deepEqual(await list('?n=2&last=b'), { tags: ['c'], link: link('last=c&n=2') });
    assert.deepEqual(await list('?n=2&last=c'), { tags: [], link: undefined });
    assert.deepEqual(await list('?n=0'), { tags: [], link: undefined });
  });

  test('do not have an image before its first push', async () => {
    assertError(await target.registry('GET', `/v2/${target.owner}/${target.image()}/tags/list`), 404, 'NAME_UNKNOWN');
  });

  test('give all images with a version', async () => {
    const [image, unfinished] = [target.image(), target.image()];
    await pushImage(target, image, 'v1');
    await putBlob(target, unfinished, freshContent(10));
    const repositories: string[] = [];
    for (let last = ''; ;) {
      const answer = await target.registry('GET', `/v2/_catalog?n=100&last=${encodeURIComponent(last)}`);
      const page = (JSON.parse(answer.text) as { repositories: string[] }).repositories;
      repositories.push(...page);
      if (page.length < 100) break;
      last = page.at(-1) ?? '';
    }
    assert(repositories.includes(`${target.owner}/${image}`));
    assert(!repositories.includes(`${target.owner}/${unfinished}`));
  });
});
