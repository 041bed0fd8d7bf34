import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { ReplayableBlob } from '../../../src/core/ports/blobSource.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import type { Credential } from '../../../src/core/registry/types.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { bytesOf, clientFor, growingBlob, never, wholeBlob, type TestClient } from '../../unit/gitea/testClient.ts';

const mib = 1024 * 1024;
const call = { signal: never };
const silent = { signal: never, onSent: () => undefined };
const user = { name: 'me', password: 'päss:word with everything' };
const me: Credential = { username: user.name, secret: user.password };

async function registryFor(
  t: TestContext,
  options: { user?: typeof user; credential?: Credential } = {},
): Promise<{ registry: Registry; client: TestClient; app: Repository }> {
  const registry = await startRegistry(options.user === undefined ? {} : { user: options.user });
  const client = clientFor(registry.origin, {
    chunk: mib,
    ...(options.credential === undefined ? {} : { credential: options.credential }),
  });
  t.after(async () => {
    await client.close();
    await registry.stop();
  });
  return { registry, client, app: await client.repository('me/app', call) };
}

/** Reads from the registry without our client. */
async function fetchBlob(registry: Registry, repository: string, digest: string): Promise<Buffer> {
  const response = await fetch(`${registry.origin}/v2/${repository}/blobs/${digest}`);
  assert.equal(response.status, 200);
  return Buffer.from(await response.arrayBuffer());
}

test('an open docker-registry needs no credential and is recognized as generic', async (t) => {
  const { registry, client } = await registryFor(t);
  assert.deepEqual(await client.checkSignIn(call), {
    kind: 'generic',
    version: undefined,
    scope: undefined,
    lacks: [],
    username: '',
    webRoot: registry.origin,
    open: true,
  });
});

test('blobs of every size go up to docker-registry, and come back whole', async (t) => {
  const { registry, app } = await registryFor(t);
  for (const [seed, size] of [0, 1, mib, 5 * mib + 7].entries()) {
    const bytes = bytesOf(size, seed + 1);
    await app.uploadBlob(wholeBlob(bytes), silent);
    assert.equal(await app.headBlob(digestOf(bytes), call), size);
    assert.ok((await fetchBlob(registry, 'me/app', digestOf(bytes))).equals(bytes));
  }
});

test('chunks reach docker-registry while the blob still grows', async (t) => {
  const { registry, app } = await registryFor(t);
  const bytes = bytesOf(3 * mib, 50);
  const growing = growingBlob(bytes, mib);
  const onSent = (sent: number): void => {
    if (sent === mib) growing.grow(bytes.length);
  };
  await app.uploadBlob(growing.source, { signal: never, onSent });
  assert.ok((await fetchBlob(registry, 'me/app', digestOf(bytes))).equals(bytes));
});

test('a small blob, a mount from another repository, a manifest and its HEAD', async (t) => {
  const { registry, client, app } = await registryFor(t);
  const layer = bytesOf(1000);
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  for (const blob of [layer, config]) await app.uploadBlob(bytesSource(blob, digestOf(blob)), silent);
  const other = await client.repository('me/other', call);
  assert.equal(await other.mountBlob(digestOf(layer), undefined, call), false);
  assert.equal(await other.mountBlob(digestOf(layer), 'me/nosuch', call), false);
  assert.equal(await other.mountBlob(digestOf(layer), 'me/app', call), true);
  assert.ok((await fetchBlob(registry, 'me/other', digestOf(layer))).equals(layer));

  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length }],
    }),
  );
  assert.equal(await app.headManifest('V1', call), undefined);
  assert.equal(await app.putManifest('V1', manifest, mediaTypes.ociManifest, call), digestOf(manifest));
  assert.deepEqual(await app.headManifest('V1', call), {
    digest: digestOf(manifest),
    mediaType: mediaTypes.ociManifest,
    size: manifest.length,
  });
});

test('access is proved, and a bad name is refused with the registry’s message', async (t) => {
  const { client, app } = await registryFor(t);
  await app.checkAccess(call);
  const bad = await client.repository('me/-app', call);
  await assert.rejects(bad.checkAccess(call), (error: { code?: string }) =>
    ['nameInvalid', 'registryRefused'].includes(error.code ?? ''),
  );
});

test('an upload that is cancelled between two chunks leaves no session on docker-registry', async (t) => {
  const { registry, app } = await registryFor(t);
  const controller = new AbortController();
  const blob = wholeBlob(bytesOf(8 * mib));
  const source: ReplayableBlob = {
    ...blob,
    available: async (offset, want, signal) => {
      if (offset > 0) controller.abort();
      return blob.available(offset, want, signal);
    },
  };
  await assert.rejects(app.uploadBlob(source, { signal: controller.signal, onSent: () => undefined }), {
    code: 'cancelled',
  });
  const session = [...registry.output().matchAll(/"DELETE (\S+\/blobs\/uploads\/\S+) HTTP\/1.1" 204/g)].at(-1)?.[1];
  assert.ok(session, 'it was closed');
  const again = await fetch(`${registry.origin}${session}`, { method: 'DELETE' });
  assert.match(await again.text(), /BLOB_UPLOAD_UNKNOWN/);
});

test('an upload that is cancelled in mid-chunk: docker-registry deletes the session, or the log says that it keeps it', async (t) => {
  const { registry, client, app } = await registryFor(t);
  const controller = new AbortController();
  const bytes = bytesOf(8 * mib);
  const onSent = (sent: number): void => {
    if (sent > mib + 500_000) controller.abort();
  };
  await assert.rejects(app.uploadBlob(wholeBlob(bytes), { signal: controller.signal, onSent }), { code: 'cancelled' });
  const status = /"DELETE \S+\/blobs\/uploads\/\S+ HTTP\/1.1" (\d+)/.exec(registry.output())?.[1] ?? assert.fail();
  // It keeps a session of which it has stored a part of a chunk, and deletes one of whose chunk nothing was stored yet.
  const isKept = client.log.some((line) => line.includes('stays open'));
  assert.deepEqual([status, isKept], isKept ? ['404', true] : ['204', false]);
  assert.equal(await app.headBlob(digestOf(bytes), call), undefined);
});

test('a connection that breaks in mid-chunk: docker-registry gets the blob in a new session', async (t) => {
  const { registry } = await registryFor(t);
  const cutter = await startCutter(t, registry.host, 3 * mib);
  const client = clientFor(`http://${cutter.host}`, { chunk: mib });
  t.after(() => client.close());
  const app = await client.repository('me/app', call);
  const bytes = bytesOf(8 * mib);
  await app.uploadBlob(wholeBlob(bytes), silent);
  assert.equal(cutter.cuts(), 1);
  assert.ok((await fetchBlob(registry, 'me/app', digestOf(bytes))).equals(bytes));
});

/** A TCP proxy to `target` that breaks one connection after so many uploaded bytes. */
async function startCutter(
  t: TestContext,
  target: string,
  after: number,
): Promise<{ host: string; cuts: () => number }> {
  let left = after;
  let cuts = 0;
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.split(':')[1]), '127.0.0.1');
    near.on('data', (bytes) => {
      left -= bytes.length;
      if (left < 0 && cuts === 0) {
        cuts++;
        near.resetAndDestroy();
        far.destroy();
      } else if (!far.write(bytes)) {
        near.pause();
        far.once('drain', () => near.resume());
      }
    });
    far.pipe(near);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: () => cuts };
}

test('a docker-registry with passwords: accepted, refused, and nobody', async (t) => {
  const { registry, client, app } = await registryFor(t, { user, credential: me });
  assert.equal((await client.checkSignIn(call)).username, 'me');
  const bytes = bytesOf(2 * mib);
  await app.uploadBlob(wholeBlob(bytes), silent);
  assert.equal(await app.headBlob(digestOf(bytes), call), bytes.length);

  for (const [credential, code] of [
    [{ ...me, secret: 'wrong' }, 'credentialsRejected'],
    [undefined, 'notSignedIn'],
  ] as const) {
    const other = clientFor(registry.origin, credential === undefined ? {} : { credential });
    t.after(() => other.close());
    await assert.rejects(other.checkSignIn(call), { code });
    const repository = await other.repository('me/app', call);
    await assert.rejects(repository.checkAccess(call), { code });
  }
});
