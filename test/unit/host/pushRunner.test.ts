import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { BlobTarget } from '../../../src/core/ports/blobTarget.ts';
import type { ImageDetails } from '../../../src/core/ports/imageSource.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { PushResult } from '../../../src/core/push/events.ts';
import type { Connection } from '../../../src/host/connections/connection.ts';
import type { Compression } from '../../../src/host/push/pushArguments.ts';
import { EngineLink, type Engine } from '../../../src/host/engine/engine.ts';
import { PushRunner } from '../../../src/host/push/pushRunner.ts';
import { TargetMemory } from '../../../src/host/targets/targetMemory.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { plainGzip } from '../push/fakes.ts';
import { machine, RelayRig } from '../push/relay/relayRig.ts';
import { memento } from './hostFakes.ts';
import { usualSettings } from './usualSettings.ts';

const { signal } = new AbortController();

/** What the engine is asked for when `said` is pushed; it has one image, by the beginning of its ID. */
async function askedFor(said: string, image: string): Promise<readonly string[]> {
  const asked: string[] = [];
  const engine: Partial<Engine> = {
    inspect: (name) => {
      asked.push(name);
      const found = asked.filter((one) => one === '1a2b3c4').length === 1;
      // The second time it is the push itself that asks: that is far enough.
      return found
        ? Promise.resolve({} as ImageDetails)
        : Promise.reject(new TeaChestError('imageNotFound', `No ${name}.`));
    },
  };
  const runner = new PushRunner({
    link: new EngineLink(() => Promise.resolve(engine as Engine)),
    openTarget: () => Promise.resolve({} as BlobTarget),
    createCodec: () => ({}) as LayerCodec,
    cache: new DigestCache('/nowhere/digests.json', silentLogger, Date.now),
    memory: new TargetMemory(memento()),
    settings: () => usualSettings,
    relay: { parts: () => Promise.resolve(undefined) },
    spoolRoot: () => '/nowhere',
    logger: silentLogger,
  });
  const connection = { origin: 'https://one.example', host: 'one.example' } as Connection;
  const target = { host: connection.host, repository: 'dev/app', tag: '1' };
  await assert.rejects(runner.run({ image, said, connection, target }, { signal }), { code: 'imageNotFound' });
  return asked;
}

suite('an image that is pushed', () => {
  test('by the beginning of its ID is found if no image has that name', async () => {
    assert.deepEqual(await askedFor('1a2b3c4', '1a2b3c4:latest'), ['1a2b3c4:latest', '1a2b3c4', '1a2b3c4']);
  });

  test('by a name with a tag is never taken for an ID', async () => {
    assert.deepEqual(await askedFor('1a2b3c4:latest', '1a2b3c4:latest'), ['1a2b3c4:latest']);
  });
});

suite('what an engine holds uncompressed', () => {
  let rig: RelayRig;
  before(async () => (rig = await RelayRig.create()));
  after(() => rig.remove());

  /** Pushed to a registry that has nothing. */
  async function pushed(compression: Compression, memory = new TargetMemory(memento())): Promise<PushResult> {
    rig.reset();
    const { engine, pusher } = machine([{ bytes: Buffer.alloc(100_000, 'a') }], 'loaded');
    const { cache, endpoint, reachability, registry, folder } = rig;
    const source = { inspect: engine.inspect.bind(engine), pusher: () => pusher };
    const runner = new PushRunner({
      link: new EngineLink(() => Promise.resolve(source as Partial<Engine> as Engine)),
      openTarget: () => Promise.resolve(registry),
      createCodec: () => plainGzip,
      memory,
      settings: () => ({ ...usualSettings, compression }),
      relay: { parts: () => Promise.resolve({ pusher, endpoint, reachability }) },
      spoolRoot: () => join(folder, 'spool'),
      ...{ cache, logger: silentLogger },
    });
    const connection = { origin: 'https://one.example', host: 'one.example' } as Connection;
    const target = { host: connection.host, repository: 'dev/app', tag: '1' };
    return await runner.run({ image: 'app:1', connection, target }, { signal });
  }

  test('is compressed where a codec is asked for, and goes as it is by default', async () => {
    const [asStored, compressed] = [await pushed('stored'), await pushed('gzip')];
    assert.ok(asStored.uploadedBytes > 100_000 && compressed.uploadedBytes < 10_000);
    assert.deepEqual([asStored.engineDigest, compressed.engineDigest], [undefined, asStored.digest]);
  });

  test('is published, and the push a success, though where it went cannot be written down', async () => {
    const full = { ...memento(), update: () => Promise.reject(new Error('the disk is full')) };
    assert.ok((await pushed('stored', new TargetMemory(full))).digest);
  });
});
