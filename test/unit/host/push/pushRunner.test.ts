import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { BlobTarget } from '../../../../src/core/ports/blobTarget.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import type { LayerCodec } from '../../../../src/core/ports/layerCodec.ts';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import type { Compression } from '../../../../src/host/push/pushArguments.ts';
import type { JournaledPush } from '../../../../src/host/push/interruptedPush.ts';
import type { JournalEntry, PushJournal } from '../../../../src/host/push/pushJournal.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import { PushRunner, type PushRunnerDependencies } from '../../../../src/host/push/pushRunner.ts';
import { TargetMemory } from '../../../../src/host/targets/targetMemory.ts';
import { noHistory } from '../../../tools/noHistory.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { plainGzip } from '../../push/fakes.ts';
import { machine, RelayRig } from '../../push/relay/relayRig.ts';
import { memento } from '../support/hostFakes.ts';
import { usualSettings } from '../support/usualSettings.ts';

const { signal } = new AbortController();
const here = 'https://one.example';
const there = 'https://two.example';

/** Pushes nothing: its registry, codec and folders do not exist. */
function runnerFor(engine: Partial<Engine>, journal?: Pick<PushJournal, 'begin'>): PushRunner {
  return new PushRunner({
    link: new EngineLink(() => Promise.resolve(engine as Engine)),
    openTarget: () => Promise.resolve({} as BlobTarget),
    createCodec: () => ({}) as LayerCodec,
    cache: new DigestCache('/nowhere/digests.json', silentLogger, Date.now),
    memory: new TargetMemory(memento()),
    settings: () => usualSettings,
    history: noHistory,
    relay: { parts: () => Promise.resolve(undefined) },
    spoolRoot: () => '/nowhere',
    logger: silentLogger,
    ...(journal !== undefined && { journal }),
  });
}

/** What the engine is asked for when `requestedImage` is pushed. It has one image, by the beginning of its ID. */
async function askedFor(requestedImage: string, image: string): Promise<readonly string[]> {
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
  const runner = runnerFor(engine);
  const connection = { origin: 'https://one.example', host: 'one.example' } as Connection;
  const target = { host: connection.host, repository: 'dev/app', tag: '1' };
  await assert.rejects(runner.run({ image, requestedImage, connection, target }, { signal }), {
    code: 'imageNotFound',
  });
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
  async function pushed(
    compression: Compression,
    memory = new TargetMemory(memento()),
    firstPushes?: PushRunnerDependencies['firstPushes'],
  ): Promise<PushResult> {
    rig.reset();
    const { engine, pusher } = machine([{ bytes: Buffer.alloc(100_000, 'a') }], 'loaded');
    const { cache, endpoint, reachability, registry, folder } = rig;
    const source = { inspect: engine.inspect.bind(engine), pusher: () => pusher };
    const runner = new PushRunner({
      link: new EngineLink(() => Promise.resolve(source as Partial<Engine> as Engine)),
      openTarget: () => Promise.resolve(registry),
      createCodec: () => plainGzip,
      memory,
      ...(firstPushes !== undefined && { firstPushes }),
      settings: () => ({ ...usualSettings, compression }),
      history: noHistory,
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

  test('is the first push to its registry once, until the person signs out of it', async () => {
    const memory = new TargetMemory(memento());
    const first: string[] = [];
    const push = async (): Promise<unknown> =>
      await pushed('stored', memory, {
        add: ({ connection, target }) => {
          assert.ok(memory.hasOrigin(connection.origin));
          first.push(`${connection.origin} ${target.repository}:${target.tag}`);
        },
      });
    await push();
    await push();
    assert.deepEqual(first, ['https://one.example dev/app:1']);
    await memory.forgetRegistry('https://one.example');
    await push();
    assert.equal(first.length, 2);
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
function hangingRunner(journal?: Pick<PushJournal, 'begin'>): {
  readonly runner: PushRunner;
  readonly tidy: () => void;
  readonly events: string[];
} {
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
  const runner = runnerFor(engine, journal);
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

  test('to one registry end by themselves, though their run also pushes to another', async () => {
    const { runner, events, tidy } = hangingRunner();
    const stop = new AbortController();
    const run = runner.runAll([jobTo(here), jobTo(there)], { signal: stop.signal });
    while (events.length < 2) await new Promise(setImmediate);
    tidy();
    await runner.stop(here);
    assert.deepEqual(events, ['asked', 'asked', 'cancelled', 'tidied'], 'the other push goes on');
    assert.equal(runner.snapshots().length, 1);
    stop.abort();
    const codes = (await run).map((outcome) => outcome.kind === 'failed' && outcome.error.code);
    assert.deepEqual(codes, ['notSignedIn', 'cancelled']);
  });
});

suite('a push', () => {
  test('is recorded with all its options, to be repeated in the same way', async () => {
    const recorded: JournaledPush[] = [];
    const journal: Pick<PushJournal, 'begin'> = {
      begin: (push) => {
        recorded.push(push);
        return Promise.reject(new Error('this is enough'));
      },
    };
    const options = { recheck: true, strategy: 'relay', platform: 'linux/arm64', compression: 'zstd' } as const;
    await assert.rejects(hangingRunner(journal).runner.run({ ...jobTo(here), ...options }, { signal }));
    assert.deepEqual({ ...recorded[0], ...options }, recorded[0]);
  });

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

  test('that cannot be recorded fails, and is not taken for a running one afterwards', async () => {
    const failure = new Error('no journal');
    const { runner } = hangingRunner({ begin: () => Promise.reject(failure) });
    for (let push = 1; push <= 2; push++) {
      await assert.rejects(runner.run(jobTo(here), { signal }), { code: 'internal', cause: failure });
    }
    assert.deepEqual(runner.snapshots(), []);
    await runner.stop();
  });
});

suite('several pushes', () => {
  test('are recorded each, and one whose target is being pushed to already is busy while the others go on', async () => {
    const recorded: string[] = [];
    const ended: string[] = [];
    const journal: Pick<PushJournal, 'begin'> = {
      begin: ({ target }) => {
        recorded.push(target);
        const entry: Partial<JournalEntry> = {
          end: () => {
            ended.push(target);
            return Promise.resolve();
          },
        };
        return Promise.resolve(entry as JournalEntry);
      },
    };
    const { runner, events, tidy } = hangingRunner(journal);
    const stop = new AbortController();
    const first = runner.runAll([jobTo(here)], { signal: stop.signal });
    while (events.length < 1) await new Promise(setImmediate);
    const both = runner.runAll([jobTo(here), jobTo(there)], { signal: stop.signal });
    while (events.length < 2) await new Promise(setImmediate);
    assert.deepEqual(
      runner.snapshots().map(({ images }) => images.map(({ snapshot }) => snapshot.reference)),
      [['one.example/dev/app:1'], ['one.example/dev/app:1', 'two.example/dev/app:1']],
    );
    stop.abort();
    tidy();
    const codes = [...(await first), ...(await both)].map((outcome) => outcome.kind === 'failed' && outcome.error.code);
    assert.deepEqual(codes, ['cancelled', 'busy', 'cancelled']);
    assert.deepEqual(recorded, ['one.example/dev/app:1', 'two.example/dev/app:1']);
    assert.deepEqual(ended.toSorted(), recorded);
    assert.deepEqual(runner.snapshots(), []);
  });

  test('all fail for the same reason if there is no engine', async () => {
    const failure = new TeaChestError('engineStopped', 'Nothing listens there.');
    const link = new EngineLink(() => Promise.reject(failure));
    const runner = new PushRunner({
      ...{ link, openTarget: () => Promise.resolve({} as BlobTarget), createCodec: () => ({}) as LayerCodec },
      ...{
        cache: new DigestCache('/nowhere/digests.json', silentLogger, Date.now),
        memory: new TargetMemory(memento()),
      },
      ...{ settings: () => usualSettings, relay: { parts: () => Promise.resolve(undefined) } },
      ...{ spoolRoot: () => '/nowhere', history: noHistory, logger: silentLogger },
    });
    const outcomes = await runner.runAll([jobTo(here), jobTo(there)], { signal });
    assert.ok(outcomes.every((outcome) => outcome.kind === 'failed' && outcome.error === failure));
    await runner.stop();
  });
});
