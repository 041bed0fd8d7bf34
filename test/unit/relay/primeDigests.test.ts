import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { primeDigests, type Clock } from '../../../src/core/relay/primeDigests.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine } from '../push/fakes.ts';
import { FakePusher } from './fakePusher.ts';

const layers = [400_000, 300_000].map((size) => ({ bytes: randomBytes(size) }));
const compressed = layers.map(({ bytes }) => gzipSync(bytes, { level: 6 }).byteLength);
const total = compressed.reduce((sum, size) => sum + size, 0);

/** Time that passes only while somebody sleeps. */
function sleepersClock(): Clock & { readonly slept: readonly number[] } {
  let time = 1_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    sleep: (ms) => {
      slept.push(ms);
      time += ms;
      return Promise.resolve();
    },
  };
}

async function learn(bytesPerSecond: number | undefined): Promise<readonly number[]> {
  const engine = new FakeEngine(layers);
  const pusher = new FakePusher({ layers: layers.map(({ bytes }) => bytes), config: engine.config });
  const endpoint = new RelayEndpoint({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
  const cache = new DigestCache('/nowhere/digests.json', silentLogger, () => 0);
  await cache.load();
  const clock = sleepersClock();
  const parts = { pusher, endpoint, reachability: new Reachability(() => 0) };
  const { signal } = new AbortController();
  const pace = bytesPerSecond === undefined ? {} : { bytesPerSecond };
  await primeDigests(engine.details, parts, cache, { signal, logger: silentLogger, clock, ...pace });
  for (const diffId of engine.details.diffIds) {
    assert.equal(cache.engineDigest(pusher.id, diffId), pusher.known.get(diffId));
  }
  return clock.slept;
}

describe('primeDigests', () => {
  it('limits the bytes per second from the engine', async () => {
    const slept = await learn(1_000_000);
    const ms = slept.reduce((sum, one) => sum + one, 0);
    // The config and what is not worth a sleep of its own are all that may differ.
    assert.ok(Math.abs(ms - total / 1_000) < 25, `${ms} ms for ${total} bytes`);
    assert.ok(slept.length > 5, 'it is held back all the while, not once');
    const half = (await learn(500_000)).reduce((sum, one) => sum + one, 0);
    assert.ok(Math.abs(half - total / 500) < 25, `${half} ms for ${total} bytes`);
  });

  it('has no rate limit while a push waits for it', async () => {
    assert.deepEqual(await learn(undefined), []);
  });
});
