import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import type { ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { RelayParts } from '../../../src/core/relay/pushFromEngine.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { IdlePriming } from '../../../src/host/push/idlePriming.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { buildImage } from '../../tools/images.ts';
import { provision } from '../../tools/provision.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';

suite('a classic engine in idle time', () => {
  const { signal } = new AbortController();
  let real: RealEngine;
  let scratch: Scratch;
  let engine: Engine;
  let parts: RelayParts;
  let cache: DigestCache;
  let priming: IdlePriming;
  let image: ImageDetails;
  let serial = 0;

  before(async () => {
    await provision(['engine']);
    [real, scratch] = await Promise.all([startPrivateEngine(), makeScratch('priming')]);
    engine = new Engine(await discoverEndpoint({ host: real.host }));
    parts = {
      pusher: engine.pusher() ?? assert.fail('an engine behind a socket can push'),
      endpoint: new RelayEndpoint({
        port: 0,
        secret: randomBytes(32).toString('hex'),
        onPort: () => {},
        logger: silentLogger,
      }),
      reachability: new Reachability(Date.now),
    };
  });
  after(async () => {
    engine.dispose();
    await real.stop();
    await scratch.remove();
  });
  beforeEach(async () => {
    const layers = [{ megabytes: 10 }, { files: { version: randomBytes(100_000) } }];
    const { id } = await buildImage(real, { tags: [`idle:${++serial}`], layers });
    image = await engine.inspect(id, { signal });
    cache = new DigestCache(join(scratch.path, `cache${serial}.json`), silentLogger, Date.now);
    await cache.load();
    priming = new IdlePriming({ cache, logger: silentLogger });
  });

  const learned = (): number =>
    image.diffIds.filter((diffId) => cache.engineDigest(parts.pusher.id, diffId) !== undefined).length;

  test('learns a digest for every layer, which is kept, and keeps no name of ours', async () => {
    priming.begin(() => Promise.resolve(image), parts);
    await priming.settled();
    assert.equal(learned(), image.diffIds.length);
    const again = new DigestCache(join(scratch.path, `cache${serial}.json`), silentLogger, Date.now);
    await again.load();
    for (const diffId of image.diffIds) assert.ok(again.engineDigest(parts.pusher.id, diffId));
    const tags = await parts.pusher.listTags({ signal });
    assert.ok(tags.includes(`idle:${serial}`));
    assert.deepEqual(
      tags.filter((tag) => !tag.startsWith('idle:')),
      [],
    );
  });

  test('waits for quiet: a push that comes first is not disturbed', async () => {
    let wasAsked = false;
    priming.begin(() => {
      wasAsked = true;
      return Promise.resolve(image);
    }, parts);
    await priming.interrupt();
    await priming.settled();
    assert.equal(wasAsked, false);
    assert.equal(learned(), 0);
  });

  test('stopped in the middle leaves no name behind', async () => {
    const begun = Promise.withResolvers<undefined>();
    const watched: RelayParts = {
      ...parts,
      pusher: new Proxy(parts.pusher, {
        get: (pusher, key) => {
          if (key === 'push') begun.resolve(undefined);
          const value: unknown = Reflect.get(pusher, key, pusher);
          return typeof value === 'function' ? (value.bind(pusher) as unknown) : value;
        },
      }),
    };
    priming.begin(() => Promise.resolve(image), watched);
    await begun.promise;
    await priming.interrupt();
    const tags = await parts.pusher.listTags({ signal });
    assert.deepEqual(
      tags.filter((tag) => !tag.startsWith('idle:')),
      [],
    );
  });
});
