import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import { makeCertificate } from '../fakeGitea/tls/certificate.ts';
import { startFakeGitea } from '../fakeGitea/fakeGitea.ts';
import { copyBySkopeo } from '../tools/verifyPull.ts';
import { makeScratch } from '../tools/scratch.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { dev } from '../unit/gitea/testClient.ts';
import { machine } from '../unit/push/relay/relayRig.ts';
import { FaultyProxy } from './faultyProxy.ts';
import { pushOnce } from './onePush.ts';

/** More than the connections that one registry gets (transport.ts). */
const layerCount = 40;
/** Concurrent uploads, of small layers and others. They leave some connections free for other requests. */
const mostUploads = 14;

describe('an engine that opens an upload for each of many layers at once', () => {
  for (const mode of ['relay', 'relay, whole blobs'] as const) {
    it(`pushes all of them, and its questions do not wait for its uploads: ${mode}`, async () => {
      const fakeGitea = await startFakeGitea();
      const scratch = await makeScratch('many-layers');
      const certificate = makeCertificate('valid');
      const proxy = await FaultyProxy.start(new URL(fakeGitea.origin), certificate, 'http://127.0.0.1:1');
      let uploads = 0;
      let most = 0;
      // The registry delays each, so that many are open at the same time.
      await proxy.arm({
        kinds: [mode === 'relay' ? 'PATCH' : 'PUT blob'],
        times: Infinity,
        action: async ({ forward }) => {
          most = Math.max(most, ++uploads);
          await pause(80);
          await forward().finally(() => uploads--);
        },
      });
      try {
        const sizes = Array.from({ length: layerCount }, (_, at) => (at % 10 === 0 ? 900_000 : 5_000 + at));
        const image = machine(
          sizes.map((size) => ({ bytes: randomBytes(size) })),
          'containerd',
        );
        const spoolRoot = join(scratch.path, 'spool');
        const cache = new DigestCache(join(scratch.path, 'cache.json'), silentLogger, Date.now);
        const attempt = await pushOnce({
          ...{ origin: proxy.origin, fingerprint: certificate.fingerprint256, credential: dev, spoolRoot, image, mode },
          ...{ repository: 'dev/many', tag: 'new', cache, limitMs: 60_000 },
        });
        assert.equal(attempt.error, undefined, String(attempt.error));
        const copy = await copyBySkopeo(`${fakeGitea.host}/dev/many:new`, dev);
        assert.deepEqual(copy.diffIds, image.engine.details.diffIds);
        assert(most > 1 && most <= mostUploads, `${most} uploads at once`);
        assert.deepEqual(fakeGitea.openSessions(), []);
        assert.deepEqual(await readdir(spoolRoot).catch(() => []), []);
      } finally {
        await proxy.close();
        await fakeGitea.close();
        await scratch.remove();
      }
    });
  }
});
