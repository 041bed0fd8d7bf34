import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { BlobTarget } from '../../../src/core/ports/blobTarget.ts';
import type { ReplayableBlob } from '../../../src/core/ports/blobSource.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { call, setUp, silent } from './setUp.ts';
import { bytesOf } from '../gitea/testClient.ts';

// The push knows only these shapes; that they fit is checked by the compiler.
export const fits = (repository: Repository, blob: ReplayableBlob): [BlobTarget, ReplayableBlob] => [repository, blob];

test('access is proved and leaves nothing behind', async (t) => {
  const { fakeGitea, app } = await setUp(t);
  await app.checkAccess(call);
  assert.deepEqual(fakeGitea.openSessions(), []);
});

for (const [repository, code, pattern] of [
  ['readers/app', 'accessDenied', /“readers”/],
  ['giteaadmin/app', 'accessDenied', /“giteaadmin”/],
  ['nosuch/app', 'ownerNotFound', /“nosuch”/],
  ['dev/a__b', 'nameInvalid', /a__b/],
] as const) {
  test(`no access to ${repository}: ${code}`, async (t) => {
    const { fakeGitea, app } = await setUp(t, { repository });
    await assert.rejects(app.checkAccess(call), { code, message: pattern });
    assert.equal(fakeGitea.requests.filter(({ path }) => path.startsWith('/v2/token')).length, 1, 'no login loop');
  });
}

test('a blob of another image is mounted without naming it, an unknown one is not, and no session stays', async (t) => {
  const all = await setUp(t);
  const bytes = bytesOf(1000);
  const digest = digestOf(bytes);
  await all.app.uploadBlob(bytesSource(bytes, digest), silent);
  await publish(all.app, 'v1', bytes);
  const other = await all.client.repository('dev/other', call);
  assert.equal(await other.headBlob(digest, call), undefined);
  assert.equal(await other.mountBlob(digest, undefined, call), true);
  assert.equal(await other.headBlob(digest, call), 1000);
  assert.equal(await other.mountBlob(digestOf(bytesOf(7)), 'dev/app', call), false);
  assert.deepEqual(all.fakeGitea.openSessions(), []);
});

/** Config and manifest over one layer that is there already. */
async function publish(app: Repository, tag: string, layer: Buffer): Promise<Buffer> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  await app.uploadBlob(bytesSource(config, digestOf(config)), silent);
  const manifest = manifestOf(config, layer);
  assert.equal(await app.putManifest(tag, manifest, mediaTypes.ociManifest, call), digestOf(manifest));
  return manifest;
}

function manifestOf(config: Buffer, layer: Buffer, layerSize = layer.length): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layerSize }],
    }),
  );
}

test('a manifest is stored under its tag; HEAD gives its descriptor, and undefined where there is none', async (t) => {
  const { app } = await setUp(t);
  const layer = bytesOf(500);
  await app.uploadBlob(bytesSource(layer, digestOf(layer)), silent);
  const manifest = await publish(app, 'v1', layer);
  assert.deepEqual(await app.headManifest('v1', call), {
    digest: digestOf(manifest),
    mediaType: mediaTypes.ociManifest,
    size: manifest.length,
  });
  assert.equal((await app.headManifest(digestOf(manifest), call))?.digest, digestOf(manifest));
  assert.equal(await app.headManifest('v2', call), undefined);
});

test('tags, manifests and configs can be read back; where there is nothing, nothing comes', async (t) => {
  const { app } = await setUp(t);
  assert.deepEqual(await app.listTags(call), []);
  const layer = bytesOf(500);
  await app.uploadBlob(bytesSource(layer, digestOf(layer)), silent);
  const manifest = await publish(app, 'v1', layer);
  await publish(app, 'v2', layer);
  assert.deepEqual(await app.listTags(call), ['v1', 'v2']);
  assert.deepEqual(await app.getManifest('v1', call), manifest);
  assert.equal(await app.getManifest('v3', call), undefined);
  assert.deepEqual(await app.getBlob(digestOf(layer), call), layer);
  assert.equal(await app.getBlob(digestOf(bytesOf(7)), call), undefined);
});

for (const [what, change, pattern] of [
  ['a layer that is not there', (layer: Buffer) => [bytesOf(77), layer.length] as const, /does not have all/],
  ['a wrong size', (layer: Buffer) => [layer, layer.length + 1] as const, /another size/],
] as const) {
  test(`a manifest with ${what} is refused with a clear message`, async (t) => {
    const { app } = await setUp(t);
    const layer = bytesOf(500);
    const config = Buffer.from('{}');
    for (const blob of [layer, config]) await app.uploadBlob(bytesSource(blob, digestOf(blob)), silent);
    const [used, size] = change(layer);
    const manifest = manifestOf(config, used, size);
    await assert.rejects(app.putManifest('v1', manifest, mediaTypes.ociManifest, call), {
      code: 'registryRefused',
      message: pattern,
    });
  });
}
