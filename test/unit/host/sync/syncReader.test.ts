import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { SyncReader } from '../../../../src/host/sync/syncReader.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { pushImage } from '../../gitea/pushContent.ts';
import { clientFor, never } from '../../gitea/testClient.ts';
import { buildHost, connectionTo, dev } from '../support/hostFakes.ts';

const details: ImageDetails = {
  ...{ id: digestOf(Buffer.from('an image')), references: ['app:1'], diffIds: [], size: 1, createdAt: undefined },
  platform: { os: 'linux', architecture: 'amd64' },
};

async function readerFor(t: TestContext) {
  const fakeGitea = await startFakeGitea();
  const client = clientFor(fakeGitea.url, { credential: dev });
  const folder = await mkdtemp(join(tmpdir(), 'tea-chest-reader-'));
  const { store, access } = buildHost(t);
  t.after(async () => {
    await client.close();
    await fakeGitea.close();
    await rm(folder, { recursive: true });
  });
  const reader = new SyncReader({
    inspect: () => Promise.resolve(details),
    store,
    openTarget: (...asked) => access.openTarget(...asked),
    cache: new DigestCache(join(folder, 'digests.json'), silentLogger, () => 0),
    codecId: () => 'gzip-1',
  });
  const connection = connectionTo(fakeGitea.origin);
  const target = { host: fakeGitea.host, repository: 'dev/app', tag: '1' };
  return {
    fakeGitea,
    client,
    store,
    reader,
    connection,
    question: { image: 'app:1', connection, target, lastPush: undefined },
  };
}

suite('the reader of sync states', () => {
  test('compares an image with its tag, by the saved credential', async (t) => {
    const { reader, client, store, connection, question } = await readerFor(t);
    await store.save(connection, dev);
    assert.equal((await reader.read(question, never)).state, 'notPushed');
    const digest = await pushImage(client, 'dev/app', ['1']);
    const { state, there } = await reader.read(question, never);
    assert.deepEqual([state, there?.digest], ['different', digest]);
  });

  test('asks nobody without a credential of its own', async (t) => {
    const { reader, fakeGitea, question } = await readerFor(t);
    await assert.rejects(reader.read(question, never), { code: 'notSignedIn' });
    assert.deepEqual(fakeGitea.requests, []);
  });

  test('ends with the signal', async (t) => {
    const { reader, store, connection, question } = await readerFor(t);
    await store.save(connection, dev);
    await assert.rejects(reader.read(question, AbortSignal.abort()), { code: 'cancelled' });
  });
});
