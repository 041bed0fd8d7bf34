import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { Logger } from '../../../src/core/base/logger.ts';
import type { BlobTarget } from '../../../src/core/ports/blobTarget.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { Connection } from '../../../src/host/connections/connection.ts';
import { EngineLink, type Engine } from '../../../src/host/engine/engine.ts';
import { PushRunner, type PushJob } from '../../../src/host/push/pushRunner.ts';
import { sweepSpools } from '../../../src/host/push/sweepSpools.ts';
import { PerOriginChunks, PerOriginNumbers } from '../../../src/host/registry/perOriginSettings.ts';
import { RegistryCleanup } from '../../../src/host/registry/registryCleanup.ts';
import { TargetMemory } from '../../../src/host/targets/targetMemory.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { memento } from './hostFakes.ts';
import { usualSettings } from './usualSettings.ts';

const here = 'https://one.example';
const there = 'https://two.example';

/** Keepers that write down who was asked to forget what. */
function keepers(origins: string[]): { readonly cleanup: RegistryCleanup; readonly asked: string[] } {
  const asked: string[] = [];
  const cleanup = new RegistryCleanup({
    origins: () => origins,
    stopPushes: (origin) => {
      asked.push(`stop ${origin}`);
      return Promise.resolve();
    },
    remove: async (origin) => {
      asked.push(`remove ${origin}`);
      origins.splice(origins.indexOf(origin), 1);
      await cleanup.follow(); // as the store's event does
    },
    others: [
      () => {
        asked.push('first');
        throw new Error('the disk is full');
      },
      () => void asked.push('second'),
    ],
  });
  return { cleanup, asked };
}

suite('cleanup of a registry', () => {
  test('pushes come to rest first, then the secret goes, then everything else, whatever fails', async () => {
    const { cleanup, asked } = keepers([here, there]);
    await assert.rejects(cleanup.forget(here), /the disk is full/);
    assert.deepEqual(asked, [`stop ${here}`, `remove ${here}`, 'first', 'second']);
  });

  test('a sign-out in another window is followed here, once', async () => {
    const origins = [here, there];
    const { cleanup, asked } = keepers(origins);
    await cleanup.follow();
    assert.deepEqual(asked, []);
    origins.splice(1, 1);
    await assert.rejects(cleanup.follow(), /the disk is full/);
    await cleanup.follow();
    assert.deepEqual(asked, [`stop ${there}`, 'first', 'second']);
  });

  test('a registry that came later counts as well', async () => {
    const origins: string[] = [];
    const { cleanup, asked } = keepers(origins);
    origins.push(here);
    await cleanup.follow();
    origins.pop();
    await assert.rejects(cleanup.follow());
    assert.equal(asked[0], `stop ${here}`);
  });

  test('numbers of a registry that is not saved are not kept', async () => {
    const saved = new Set([here]);
    const numbers = new PerOriginNumbers(memento(), 'numbers', (origin) => saved.has(origin));
    numbers.set(here, 1);
    numbers.set(there, 2);
    assert.deepEqual([numbers.get(here), numbers.get(there)], [1, undefined]);
    saved.delete(here);
    await numbers.forgetRegistry(here);
    numbers.set(here, 3);
    assert.equal(numbers.get(here), undefined);
  });

  test('what is known of chunks is kept with the limit that was met, and nothing else is taken for it', () => {
    const state = memento();
    const limit = { bytes: 4_000_000, times: 2, until: 1_764_000_000_000 };
    new PerOriginChunks(state, 'chunks').set(here, { size: 2_000_000, limit });
    assert.deepEqual(new PerOriginChunks(state, 'chunks').get(here), { size: 2_000_000, limit });
    for (const other of [7, 'x', null, {}, { size: -1 }, { size: 1.5 }]) {
      void state.update(`chunks ${here}`, other);
      assert.equal(new PerOriginChunks(state, 'chunks').get(here), undefined);
    }
    void state.update(`chunks ${here}`, { size: 5, limit: { bytes: 'x', times: 1, until: 1 } });
    assert.deepEqual(new PerOriginChunks(state, 'chunks').get(here), { size: 5, limit: undefined });
  });
});

function jobTo(origin: string): PushJob {
  const host = new URL(origin).host;
  return {
    image: 'app:1',
    connection: { origin, host } as Connection,
    target: { host, repository: 'dev/app', tag: '1' },
  };
}

/** Pushes that hang at the engine until they are cancelled, and then tidy up until they are let go. */
function hangingRunner(): { readonly runner: PushRunner; readonly tidy: () => void; readonly events: string[] } {
  const tidied = Promise.withResolvers<undefined>();
  const events: string[] = [];
  const engine: Partial<Engine> = {
    inspect: async (_image, { signal }) => {
      events.push('asked');
      if (!signal.aborted) await once(signal, 'abort');
      events.push('cancelled');
      await tidied.promise;
      events.push('tidied');
      throw new TeaChestError('cancelled', 'Cancelled.');
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
  return {
    runner,
    events,
    tidy: () => {
      tidied.resolve(undefined);
    },
  };
}

suite('running pushes', () => {
  test('those to one registry are cancelled and waited for, the others go on', async () => {
    const { runner, events, tidy } = hangingRunner();
    const { signal } = new AbortController();
    const one = assert.rejects(runner.run(jobTo(here), { signal }), {
      code: 'notSignedIn',
      message: 'You signed out of one.example during the push of app:1.',
    });
    const other = assert.rejects(runner.run(jobTo(there), { signal }), {
      code: 'cancelled',
      message: 'The window closed during the push of app:1 to two.example/dev/app:1.',
    });
    while (events.length < 2) await new Promise(setImmediate);
    events.length = 0;
    const stopping = runner.stop(here).then(() => events.push('stopped'));
    while (events.length === 0) await new Promise(setImmediate);
    assert.deepEqual(events, ['cancelled']);
    tidy();
    await stopping;
    await one;
    assert.deepEqual(events, ['cancelled', 'tidied', 'stopped']);
    assert.equal(runner.snapshots().length, 1);
    await runner.stop();
    await other;
    assert.equal(runner.snapshots().length, 0);
  });
});

suite('a push', () => {
  test('that the person cancels is only cancelled, though its registry is signed out of at the same time', async () => {
    const { runner, events, tidy } = hangingRunner();
    const stop = new AbortController();
    const push = assert.rejects(runner.run(jobTo(here), { signal: stop.signal }), { message: 'Cancelled.' });
    while (events.length < 1) await new Promise(setImmediate);
    stop.abort();
    tidy();
    await runner.stop(here);
    await push;
  });
});

suite('what crashes have left', () => {
  test('is looked for in each folder once, and a folder that cannot be swept is told in the log', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      info: (line) => void lines.push(line),
      warn: (line) => void lines.push(line),
    };
    const swept: string[] = [];
    await sweepSpools(['/a', '/b', '/a'], logger, (folder) => {
      swept.push(folder);
      return folder === '/a' ? Promise.reject(new Error('not yours')) : Promise.resolve(2);
    });
    assert.deepEqual(swept, ['/a', '/b']);
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /\/a.*not yours/);
  });
});
