import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine, plainGzip, someLayer } from './fakes.ts';
import { clientFor, dev, never, type TestClient } from '../gitea/testClient.ts';

/** Reads are redirected to a storage that only the server's own network can reach. */
suite('a Gitea with SERVE_DIRECT whose storage is out of reach', () => {
  let fakeGitea: FakeGitea;
  let client: TestClient;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-storage-'));
    fakeGitea = await startFakeGitea({ serveDirect: true, storageEndpoint: 'http://minio.invalid:9000' });
    client = clientFor(fakeGitea.url, { credential: dev });
  });
  after(async () => {
    await client.close();
    await fakeGitea.close();
    await rm(folder, { recursive: true });
  });

  /** By a machine that has never pushed anything: it looks at the present tag to learn from it. */
  async function push(engine: FakeEngine, tag: string): Promise<string> {
    const { digest } = await pushImage(
      {
        image: 'app:1',
        origin: fakeGitea.origin,
        repository: 'dev/app',
        tag,
        codec: plainGzip,
        parallelBlobs: 2,
      },
      {
        source: engine,
        target: await client.repository('dev/app', { signal: never }),
        cache: new DigestCache(join(folder, `${tag}.json`), silentLogger, () => 0),
        spoolRoot: join(folder, 'spool'),
        spoolLimit: 1e6,
        uploads: new UploadsInFlight(),
        logger: silentLogger,
        now: Date.now,
      },
      { signal: never, onEvent: () => undefined },
    );
    return digest;
  }

  test('takes a first image and a changed one; what cannot be read is asked for once each time', async () => {
    const base = { bytes: someLayer(1, 30_000) };
    await push(new FakeEngine([base]), 'v1');
    fakeGitea.clearRequests();
    const digest = await push(new FakeEngine([base, { bytes: someLayer(2, 10_000) }]), 'v2');
    assert.equal((await fakeGitea.manifest('dev', 'app', 'v2'))?.digest, digest);
    const redirected = fakeGitea.requests.filter(({ method, status }) => method === 'GET' && status === 307);
    assert.ok(redirected.length >= 1, 'it tried to learn from what is there');
    assert.deepEqual(
      client.log.filter((line) => line.includes('trying again')),
      [],
    );
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('is named where a read is all that was wanted', async () => {
    const repository = await client.repository('dev/app', { signal: never });
    await assert.rejects(repository.getManifest('v2', { signal: never }), {
      code: 'registryUnreachable',
      message: /minio\.invalid/,
    });
  });
});
