import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { serve } from '../localRegistry.ts';
import { call } from '../setUp.ts';
import { answers, answersPage, changesHeaders, losesAnswer, startRegistry } from '../faults.ts';

const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: [] }));
const digest = digestOf(manifest);
const otherDigest = digestOf(Buffer.from('other'));
const stored = { digest, mediaType: mediaTypes.ociManifest, size: manifest.byteLength };
const put = { method: 'PUT', path: /manifests/ };

for (const status of [undefined, 500, 502, 504]) {
  test(`a manifest that is stored though each answer is ${status ?? 'lost'} was sent once and is seen`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.intercept = losesAnswer(registry, put, status);
    assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
    assert.equal(registry.count('PUT'), 1);
  });
}

for (const status of [200, 202, 204]) {
  test(`a ${status} to the PUT of a manifest counts as success only if a HEAD shows the manifest`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.intercept = answers(put, status);
    await assert.rejects(app.putManifest('v1', manifest, mediaTypes.ociManifest, call), {
      code: 'notARegistry',
      message: /store the manifest own\/app:v1.*in place of the registry/,
    });
    registry.manifests.set('v1', { bytes: manifest, type: mediaTypes.ociManifest });
    assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
  });
}

for (const status of [200, 201]) {
  test(`a web page (${status}) is no answer of a registry to a manifest: something in between is named`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.intercept = answersPage(put, status);
    await assert.rejects(app.putManifest('v1', manifest, mediaTypes.ociManifest, call), {
      code: 'notARegistry',
      message: /a web page.*“Sign in”.*sign-in page \(nginx\)/,
    });
    assert.equal(registry.count('PUT'), 1);
  });
}

test('a manifest that did not arrive is sent again, until the registry has it', async (t) => {
  const { registry, app } = await startRegistry(t);
  registry.intercept = answersPage({ ...put, times: 3 }, 503);
  assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
  assert.equal(registry.count('PUT'), 4);
});

test('another manifest under the tag is not mistaken for ours', async (t) => {
  const { registry, app } = await startRegistry(t);
  registry.manifests.set('v1', { bytes: Buffer.from('{}'), type: mediaTypes.ociManifest });
  registry.intercept = answersPage(put, 504);
  await assert.rejects(app.putManifest('v1', manifest, mediaTypes.ociManifest, call), { code: 'registryFailed' });
});

test('where the digest is hidden, the manifest is read and hashed', async (t) => {
  const { registry, app } = await startRegistry(t);
  const hidden = { 'docker-content-digest': undefined };
  registry.intercept = (request, ...rest) =>
    changesHeaders(registry, { method: request.method ?? '', path: /manifests/ }, hidden)(request, ...rest);
  assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
  assert.deepEqual(await app.headManifest('v1', call), stored);
  assert.equal(await app.headManifest('v2', call), undefined);
});

test('the type of a manifest without a digest is what its content says', async (t) => {
  const { registry, app } = await startRegistry(t);
  const hidden = { 'docker-content-digest': undefined, 'content-type': 'application/json' };
  registry.intercept = (request, ...rest) =>
    changesHeaders(registry, { method: request.method ?? '', path: /manifests/ }, hidden)(request, ...rest);
  for (const [content, type] of [
    [{ mediaType: mediaTypes.dockerManifest }, mediaTypes.dockerManifest],
    [{ manifests: [] }, mediaTypes.ociIndex],
    [{ layers: [] }, mediaTypes.ociManifest],
  ] as const) {
    registry.manifests.set('v1', { bytes: Buffer.from(JSON.stringify(content)), type });
    assert.equal((await app.headManifest('v1', call))?.mediaType, type);
  }
});

test('a digest that a header gives is weaker than the bytes', async (t) => {
  const { registry, app } = await startRegistry(t);
  const wrong = { 'docker-content-digest': otherDigest };
  registry.intercept = (request, ...rest) =>
    changesHeaders(registry, { method: request.method ?? '', path: /manifests/ }, wrong)(request, ...rest);
  assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
  assert.deepEqual(await app.headManifest('v1', { ...call, expected: digest }), stored);
});

test('stored bytes that differ from what was sent are noticed by their digest', async (t) => {
  const { registry, app } = await startRegistry(t);
  registry.intercept = answers(put, 201);
  registry.manifests.set('v1', { bytes: Buffer.from('{}'), type: mediaTypes.ociManifest });
  assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digestOf(Buffer.from('{}')));
});

for (const status of [400, 403, 405, 416, 501]) {
  test(`where HEAD is refused (${status}), the manifest is read`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.manifests.set('v1', { bytes: manifest, type: mediaTypes.ociManifest });
    registry.intercept = answersPage({ method: 'HEAD', path: /manifests/ }, status);
    assert.deepEqual(await app.headManifest('v1', call), stored);
  });
}

for (const status of [400, 403, 405, 416, 501]) {
  test(`where HEAD is refused (${status}), a blob counts as absent, and it is sent`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.intercept = answersPage({ method: 'HEAD' }, status);
    assert.equal(await app.headBlob(digest, call), undefined);
  });
}

test('an answer that names another blob says nothing of this one', async (t) => {
  const { registry, app } = await startRegistry(t);
  const headers = { 'content-length': '7', 'docker-content-digest': otherDigest };
  registry.intercept = answers({ method: 'HEAD' }, 200, headers);
  assert.equal(await app.headBlob(digest, call), undefined);
});

for (const [what, headers, found] of [
  ['a page of another host, whatever its length, is no blob', {}, undefined],
  ['a text of another host is no blob', { 'content-type': 'text/plain' }, undefined],
  ['another storage answers with the media type of bytes', { 'content-type': 'binary/octet-stream' }, 7],
] as const) {
  test(`${what}, when the registry redirects there`, async (t) => {
    const { registry, app } = await startRegistry(t);
    const elsewhere = await serve(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '7', ...headers }).end();
    });
    registry.intercept = answers({ method: 'HEAD' }, 302, { location: `${elsewhere}/login` });
    assert.equal(await app.headBlob(digest, call), found);
  });
}

test('a byte order mark before JSON is not a part of it', async (t) => {
  const { registry, app } = await startRegistry(t);
  registry.intercept = answers({ method: 'GET' }, 200, {}, '\uFEFF{"tags":["v1"]}');
  assert.deepEqual(await app.listTags(call), ['v1']);
});

for (const [what, ask] of [
  ['a HEAD of a manifest', (app) => app.headManifest('v1', call)],
  ['a GET of a manifest', (app) => app.getManifest('v1', call)],
  ['a GET of a blob', (app) => app.getBlob(digest, call)],
  ['a HEAD of a blob', (app) => app.headBlob(digest, call)],
  ['the list of tags', (app) => app.listTags(call)],
  ['the beginning of an upload', (app) => app.checkAccess(call)],
] as const satisfies readonly (readonly [
  string,
  (app: Awaited<ReturnType<typeof startRegistry>>['app']) => unknown,
])[]) {
  test(`a web page is no answer to ${what}`, async (t) => {
    const { registry, app } = await startRegistry(t);
    registry.intercept = (request, ...rest) => answersPage({ method: request.method ?? '' }, 200)(request, ...rest);
    await assert.rejects(Promise.resolve(ask(app)), { code: 'notARegistry' });
  });
}

test('a list of tags that is no JSON is a clear error', async (t) => {
  const { registry, app } = await startRegistry(t);
  registry.intercept = answers({ method: 'GET' }, 200, {}, '{"tags":["v1"');
  await assert.rejects(app.listTags(call), { code: 'notARegistry', message: /no JSON/ });
});
