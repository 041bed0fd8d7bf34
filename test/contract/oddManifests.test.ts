import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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

/** Manifests that no correct client sends. If the fake Gitea accepted more or less than Gitea, it would hide our bugs. */
let target: Target;
before(async () => {
  target = await Target.open();
});
after(() => target.close());

function assertError(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(errorCode(answer.text), code);
}

function assertSilent(answer: RawAnswer): void {
  assert.equal(answer.status, 500, answer.text);
  assert.equal(answer.text, '');
}

const json = (value: unknown): Content => content(JSON.stringify(value));

/** A manifest as an object, to be put together wrongly. */
function documentOf(config: Content, layers: readonly Content[]): Record<string, unknown> {
  return JSON.parse(manifestOf(config, layers).bytes.toString()) as Record<string, unknown>;
}

describe('a manifest', () => {
  test('whose layers are null has none', async () => {
    const image = target.image();
    const { config } = await pushImage(target, image, 'v1');
    const manifest = json({ ...documentOf(config, []), layers: null });
    assert.equal((await putManifest(target, image, 'v2', manifest)).status, 201);
  });

  test('without a config, or without its digest, is compared with whatever file the image has', async () => {
    const image = target.image();
    const { config, layer } = await pushImage(target, image, 'v1');
    const document = documentOf(config, [layer]);
    assertError(await putManifest(target, image, 'v2', json({ ...document, config: null })), 400, 'SIZE_INVALID');
    const without = { ...document, config: undefined };
    assertError(await putManifest(target, image, 'v2', json(without)), 400, 'SIZE_INVALID');
    assertError(await putManifest(target, image, 'v2', json({ ...document, layers: [{}] })), 400, 'SIZE_INVALID');
    assertError(await putManifest(target, target.image(), 'v2', json(without)), 404, 'BLOB_UNKNOWN');
  });

  test('whose fields have the wrong type is a server error without a message', async () => {
    const image = target.image();
    const { config, layer } = await pushImage(target, image, 'v1');
    const document = documentOf(config, [layer]);
    for (const change of [
      { layers: [{ ...descriptor('application/x', layer), size: String(layer.bytes.length) }] },
      { config: { ...descriptor('application/x', config), digest: 1 } },
      { layers: {} },
      { mediaType: 2 },
      { schemaVersion: '2' },
      { annotations: { number: 1 } },
    ]) {
      assertSilent(await putManifest(target, image, 'v2', json({ ...document, ...change })));
    }
    assertSilent(await putManifest(target, image, 'v2', json([])));
    assertError(await putManifest(target, image, 'v2', json(null)), 501, 'UNSUPPORTED');
  });

  test('by another digest than sha256 is stored since Gitea 1.19, and not compared with its bytes', async () => {
    const image = target.image();
    const { manifest } = await pushImage(target, image, 'v1');
    const sha512 = `sha512:${createHash('sha512').update('something else').digest('hex')}`;
    const answer = await putManifest(target, image, sha512, manifest);
    if (!target.has('laxPaths')) {
      assertError(answer, 400, 'MANIFEST_INVALID');
      return;
    }
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['docker-content-digest'], manifest.digest);
    const path = `/v2/${target.owner}/${image}/manifests/${sha512}`;
    assertError(await target.registry('GET', path), 404, 'MANIFEST_UNKNOWN');
  });

  test('by the tag _upload replaces all blobs that no manifest names yet', async () => {
    const image = target.image();
    const { config, layer } = await pushImage(target, image, 'v1');
    const pending = freshContent(100);
    await putBlob(target, image, pending);
    const head = async (): Promise<number> =>
      (await target.registry('HEAD', `/v2/${target.owner}/${image}/blobs/${pending.digest}`)).status;
    assert.equal(await head(), 200);
    assert.equal((await putManifest(target, image, '_upload', manifestOf(config, [layer]))).status, 201);
    assert.equal(await head(), 404);
  });
});

describe('an index', () => {
  test('whose child has no digest is compared with whatever manifest the image has', async () => {
    const image = target.image();
    await pushImage(target, image, 'child');
    const index = json({ schemaVersion: 2, mediaType: ociIndex, manifests: [{ mediaType: ociManifest }] });
    assert.equal((await putManifest(target, image, 'v1', index, ociIndex)).status, 201);
    assertError(await putManifest(target, target.image(), 'v1', index, ociIndex), 404, 'MANIFEST_BLOB_UNKNOWN');
  });

  test('without children is one', async () => {
    const index = json({ schemaVersion: 2, mediaType: ociIndex, manifests: null });
    assert.equal((await putManifest(target, target.image(), 'v1', index, ociIndex)).status, 201);
  });
});

describe('an image whose last tag was deleted', () => {
  test('is there all the same, with no tags and no versions', async (t) => {
    if (!target.has('packageApi')) {
      t.skip('since Gitea 1.24 an image can be asked for by name');
      return;
    }
    const image = target.image();
    await pushImage(target, image, 'only');
    const path = `/v2/${target.owner}/${image}`;
    assert.equal((await target.registry('DELETE', `${path}/manifests/only`)).status, 202);
    const tags = await target.registry('GET', `${path}/tags/list`);
    assert.deepEqual([tags.status, tags.text.trimEnd()], [200, `{"name":"${target.owner}/${image}","tags":[]}`]);
    const named = `/packages/${target.account.name}/container/${image}`;
    const versions = await target.rest('GET', named);
    assert.deepEqual([versions.status, versions.text.trimEnd()], [200, '[]']);
    assert.equal((await target.rest('GET', `${named}/-/latest`)).status, 404);
  });

  test('is there after a deletion by the REST API too, and gone once the image itself is deleted', async (t) => {
    if (!target.has('deletePackageApi')) {
      t.skip('since Gitea 1.26 an image can be deleted as a whole');
      return;
    }
    const image = target.image();
    await pushImage(target, image, 'only');
    const named = `/packages/${target.account.name}/container/${image}`;
    assert.equal((await target.rest('DELETE', `${named}/only`)).status, 204);
    const list = `/v2/${target.owner}/${image}/tags/list`;
    assert.equal((await target.registry('GET', list)).status, 200);
    assert.equal((await target.rest('DELETE', named)).status, 204);
    assertError(await target.registry('GET', list), 404, 'NAME_UNKNOWN');
  });
});
