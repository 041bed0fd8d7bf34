import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { BlobTarget } from '../../../../src/core/ports/blobTarget.ts';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import type { Clock } from '../../../../src/core/relay/primeDigests.ts';
import type { RelayParts } from '../../../../src/core/relay/pushFromEngine.ts';
import { Reachability } from '../../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../../src/core/relay/relayEndpoint.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import { IdlePriming } from '../../../../src/host/push/idlePriming.ts';
import { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { TargetMemory } from '../../../../src/host/targets/targetMemory.ts';
import { noHistory } from '../../../tools/noHistory.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, plainGzip } from '../../push/fakes.ts';
import { FakePusher } from '../../relay/fakePusher.ts';
import { memento } from '../support/hostFakes.ts';
import { usualSettings } from '../support/usualSettings.ts';

const layers = [90_000, 60_000, 2_000].map((size) => ({ bytes: randomBytes(size) }));
const { signal } = new AbortController();
/** Nobody has to wait. */
const clock: Clock = {
  now: () => 0,
  sleep: (_, asked) => (asked.aborted ? Promise.reject(new Error('cancelled')) : Promise.resolve()),
};

suite('an engine in idle time', () => {
  let folder: string;
  let cache: DigestCache;
  let engine: FakeEngine;
  let pusher: FakePusher;
  let parts: RelayParts;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tea-chest-idle-'));
    cache = new DigestCache(join(folder, 'digests.json'), silentLogger, Date.now);
    await cache.load();
    engine = new FakeEngine(layers);
    pusher = new FakePusher({ layers: layers.map(({ bytes }) => bytes), config: engine.config });
    const endpoint = new RelayEndpoint({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
    parts = { pusher, endpoint, reachability: new Reachability(() => 0) };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const learned = (): number =>
    engine.details.diffIds.filter((diffId) => cache.engineDigest(pusher.id, diffId) !== undefined).length;

  test('compresses no layer again that it had sent before it was interrupted', async () => {
    const priming = new IdlePriming({ cache, logger: silentLogger, clock });
    let begun = 0;
    let interrupted: Promise<void> | undefined;
    pusher.onRequest = (method, path) => {
      if (method !== 'POST' || !path.includes('uploads')) return;
      // Its second layer.
      if (++begun === 2) interrupted = priming.interrupt();
    };
    priming.begin(() => Promise.resolve(engine.details), parts);
    await priming.settled();
    await interrupted;
    assert.deepEqual([begun, pusher.known.size, learned()], [2, 1, 0]);
    assert.deepEqual([...pusher.tags], []);

    begun = 2;
    const sent: string[] = [];
    pusher.onRequest = (method, path) => {
      if (method === 'PATCH') sent.push(path);
    };
    priming.begin(() => Promise.resolve(engine.details), parts);
    await priming.settled();
    assert.equal(learned(), layers.length);
    // The other two layers, and the config.
    assert.equal(sent.length, layers.length - 1 + 1);
  });

  test('is left alone when a push ends while another one is under way, and primed after the last', async () => {
    const registries = new Map(['slow', 'fast'].map((name) => [name, new FakeRepository(`dev/${name}`)]));
    const published = Promise.withResolvers<undefined>();
    const goOn = Promise.withResolvers<undefined>();
    const slow = registries.get('slow');
    assert.ok(slow);
    slow.onCall = async (call) => {
      if (call !== 'putManifest') return;
      published.resolve(undefined);
      await goOn.promise;
    };
    const source = Object.assign(engine, { pusher: () => pusher }) as unknown as Engine;
    const runner = new PushRunner({
      link: new EngineLink(() => Promise.resolve(source)),
      openTarget: (_, repository) => Promise.resolve(registries.get(repository.slice(4)) as BlobTarget),
      createCodec: () => plainGzip,
      memory: new TargetMemory(memento()),
      settings: () => usualSettings,
      history: noHistory,
      relay: { parts: () => Promise.resolve(parts) },
      spoolRoot: () => join(folder, 'spool'),
      ...{ cache, clock, logger: silentLogger },
    });
    const connection = { origin: 'https://one.example', host: 'one.example' } as Connection;
    const push = (name: string): Promise<{ readonly strategy: string }> => {
      const target = { host: connection.host, repository: `dev/${name}`, tag: '1' };
      return runner.run({ image: 'app:1', connection, target }, { signal });
    };

    const first = push('slow');
    await published.promise;
    assert.equal((await push('fast')).strategy, 'export');
    await runner.settled();
    assert.deepEqual([pusher.pushes, learned()], [0, 0]);

    goOn.resolve(undefined);
    assert.equal((await first).strategy, 'export');
    await runner.settled();
    assert.deepEqual([pusher.pushes, learned()], [1, layers.length]);
  });
});
