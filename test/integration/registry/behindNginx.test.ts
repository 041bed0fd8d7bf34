import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { startFakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { startNginx, type NginxOptions } from '../../tools/nginx.ts';
import { startRegistry } from '../../tools/registry.ts';
import { bytesOf, clientFor, dev, never, wholeBlob } from '../../unit/gitea/testClient.ts';

const mib = 1024 * 1024;
const call = { signal: never };
const silent = { signal: never, onSent: (): void => undefined };

interface Behind {
  readonly app: Repository;
  /** Undefined if the registry does not say. */
  readonly openSessions: () => number | undefined;
}

const kinds = {
  'docker-registry': async (t: TestContext, options: NginxOptions): Promise<Behind> => {
    const registry = await startRegistry();
    t.after(() => registry.stop());
    return { app: await behind(t, registry.origin, options), openSessions: () => undefined };
  },
  'the fake Gitea': async (t: TestContext, options: NginxOptions): Promise<Behind> => {
    const fakeGitea = await startFakeGitea();
    t.after(() => fakeGitea.close());
    return { app: await behind(t, fakeGitea.origin, options), openSessions: () => fakeGitea.openSessions().length };
  },
};

async function behind(t: TestContext, origin: string, options: NginxOptions): Promise<Repository> {
  const nginx = await startNginx(origin, options);
  const client = clientFor(nginx.origin, { credential: dev });
  t.after(async () => {
    await client.close();
    await nginx.stop();
  });
  return await client.repository('dev/app', call);
}

/** An image of one layer, config and manifest, and back. */
async function pushAndPull({ app, openSessions }: Behind, layer: Buffer): Promise<void> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  await app.uploadBlob(wholeBlob(layer), silent);
  await app.uploadBlob(bytesSource(config, digestOf(config)), silent);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length }],
    }),
  );
  const digest = digestOf(manifest);
  assert.equal(await app.putManifest('v1', manifest, mediaTypes.ociManifest, call), digest);
  assert.deepEqual(await app.headManifest('v1', call), {
    digest,
    mediaType: mediaTypes.ociManifest,
    size: manifest.length,
  });
  assert.equal(digestOf((await app.getBlob(digestOf(layer), call)) ?? Buffer.alloc(0)), digestOf(layer));
  assert.ok([0, undefined].includes(openSessions()));
}

for (const [kind, start] of Object.entries(kinds)) {
  describe(`${kind} behind nginx`, () => {
    for (const status of [403, 405, 501] as const) {
      test(`that answers ${status} to PATCH gets its layers in one request each`, async (t) => {
        await pushAndPull(await start(t, { refusedMethods: { PATCH: status }, bodyLimit: '0' }), bytesOf(9 * mib));
      });
    }

    test('that refuses PATCH and limits requests: both are named, and nothing is left', async (t) => {
      const { app, openSessions } = await start(t, { refusedMethods: { PATCH: 405 }, bodyLimit: '1m' });
      await assert.rejects(app.uploadBlob(wholeBlob(bytesOf(9 * mib)), silent), {
        code: 'chunksRefused',
        message: /nginx.*PATCH.*client_max_body_size/,
      });
      assert.ok([0, undefined].includes(openSessions()));
    });

    test('that hides the digest has the same image', async (t) => {
      await pushAndPull(await start(t, { hiddenHeaders: ['Docker-Content-Digest'], bodyLimit: '0' }), bytesOf(mib));
    });

    for (const requestBuffering of [true, false]) {
      test(`with its own limit of 1 MB gets small chunks (buffering: ${requestBuffering})`, async (t) => {
        await pushAndPull(await start(t, { requestBuffering }), bytesOf(5 * mib));
      });
    }

    test('that closes each connection after an answer', async (t) => {
      await pushAndPull(await start(t, { keepAliveSeconds: 0, bodyLimit: '0' }), bytesOf(5 * mib));
    });
  });
}
