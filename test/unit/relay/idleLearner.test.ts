import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DigestCache } from '../../../src/core/push/digestCache.ts';
import { IdleLearner } from '../../../src/core/push/relay/idleLearner.ts';
import { Reachability } from '../../../src/core/push/relay/reachability.ts';
import { RelayDoor } from '../../../src/core/push/relay/relayDoor.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine } from '../push/fakes.ts';
import { FakePusher } from './fakePusher.ts';

describe('IdleLearner', () => {
  let folder: string;
  let engine: FakeEngine;
  let pusher: FakePusher;
  let cache: DigestCache;
  let learner: IdleLearner;

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'tea-chest-learner-'))));
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => { make('classic'); });
  afterEach(() => {
    learner.dispose();
  });

  function make(store: 'classic' | 'containerd'): void {
    const layers = [300_000, 1_000].map((size) => ({ bytes: randomBytes(size) }));
    engine = new FakeEngine(layers);
    pusher = new FakePusher({ layers: layers.map(({ bytes }) => bytes), config: engine.config }, store);
    cache = new DigestCache(join(folder, `cache-${Math.random()}.json`), silentLogger, () => 0);
    const door = new RelayDoor({ port: 0, secret: 'secret', onPort: () => {}, logger: silentLogger });
    const parts = { pusher, door, reachability: new Reachability(() => 0) };
    learner = new IdleLearner({ source: engine, parts, cache, logger: silentLogger, quietMs: 1 });
  }
  /** Waits, for as long as a test may, until something has become so. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await sleep(5);
  }
  const isLearned = (): boolean =>
    engine.details.diffIds.every((diffId) => cache.engineDigest(pusher.id, diffId) !== undefined);

  it('gives the engine digests for what was exported, once it is quiet', async () => {
    learner.pushBegins();
    learner.pushEnded('app:1');
    await until(isLearned);
    for (const diffId of engine.details.diffIds) {
      assert.equal(cache.engineDigest(pusher.id, diffId), pusher.known.get(diffId));
    }
    await until(() => pusher.tags.size === 0);
  });

  it('does nothing while another push runs, and takes it up afterwards', async () => {
    learner.pushBegins();
    learner.pushBegins();
    learner.pushEnded('app:1');
    await sleep(30);
    assert.equal(pusher.pushes, 0);
    learner.pushEnded();
    await until(isLearned);
  });

  it('stops when a push begins, and leaves no name', async () => {
    pusher.onRequest = () => {
      if (pusher.pushes === 1) learner.pushBegins();
    };
    learner.pushBegins();
    learner.pushEnded('app:1');
    await until(() => pusher.pushes === 1);
    await until(() => pusher.tags.size === 0);
    assert.ok(!isLearned());
  });

  it("leaves containerd's store alone, which knows its digests", async () => {
    make('containerd');
    learner.pushBegins();
    learner.pushEnded('app:1');
    await sleep(30);
    assert.equal(pusher.pushes, 0);
  });
});
