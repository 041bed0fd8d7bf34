import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import type { BlobTarget } from '../../../../src/core/ports/blobTarget.ts';
import type { LayerCodec } from '../../../../src/core/ports/layerCodec.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import type { HistoryChange } from '../../../../src/host/history/changeBatch.ts';
import { PushHistory } from '../../../../src/host/history/pushHistory.ts';
import { PushJournal } from '../../../../src/host/push/pushJournal.ts';
import type { PushJob } from '../../../../src/host/push/pushJob.ts';
import { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { TargetMemory } from '../../../../src/host/targets/targetMemory.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { emitter, memento } from '../support/hostFakes.ts';
import { usualSettings } from '../support/usualSettings.ts';

const { signal } = new AbortController();
const [here, there] = ['https://one.example', 'https://two.example'] as const;

function job(name: string, origin: string = here): PushJob {
  const { host } = new URL(origin);
  const target = { host, repository: `dev/${name}`, tag: '1' };
  return { image: `${name}:1`, connection: { origin, host } as Connection, target };
}

/** One push runs at a time, and hangs at the engine until it is cancelled. */
class Rig {
  readonly history: PushHistory;
  readonly runner: PushRunner;
  limit = 1;
  explain = (error: TeaChestError): Promise<TeaChestError> => Promise.resolve(error);

  constructor(t: { after(work: () => Promise<void>): void }, journal?: Pick<PushJournal, 'begin'>) {
    this.history = new PushHistory({
      ...{ state: { ...memento(), watch: () => ({ dispose: () => undefined }) }, changed: emitter<HistoryChange>() },
      logger: silentLogger,
    });
    const engine: Partial<Engine> = {
      inspect: async (_image, call) => {
        if (!call.signal.aborted) await once(call.signal, 'abort');
        throw new TeaChestError('cancelled', 'Cancelled.');
      },
    };
    this.runner = new PushRunner({
      link: new EngineLink(() => Promise.resolve(engine as Engine)),
      openTarget: (_, repository) =>
        repository === 'dev/refused'
          ? Promise.reject(new TeaChestError('accessDenied', 'reqPackageAccess'))
          : Promise.resolve({} as BlobTarget),
      explain: (error) => this.explain(error),
      createCodec: () => ({}) as LayerCodec,
      cache: new DigestCache('/nowhere/digests.json', silentLogger, Date.now),
      memory: new TargetMemory(memento()),
      settings: () => ({ ...usualSettings, maxConcurrent: this.limit }),
      relay: { parts: () => Promise.resolve(undefined) },
      ...{ history: this.history, spoolRoot: () => '/nowhere', logger: silentLogger },
      ...(journal !== undefined && { journal }),
    });
    // A test that fails leaves no push behind.
    t.after(async () => {
      await this.runner.stop();
      this.history.dispose();
    });
  }

  /** The code of what the push rejects with. */
  async push(...args: Parameters<typeof job>): Promise<string> {
    return await this.runner.run(job(...args), { signal }).then(
      () => 'pushed',
      (error: unknown) => (error instanceof TeaChestError ? error.code : String(error)),
    );
  }

  /** `name state` of each push, as listed; resolves when that is so. */
  async until(...expected: readonly string[]): Promise<void> {
    const states = (): string[] =>
      this.history.list().map(({ images: [image], state, position }) => {
        const at = position === undefined ? '' : ` ${position}`;
        return `${image?.image ?? ''} ${state}${at}`;
      });
    const end = Date.now() + 20_000;
    while (states().join() !== expected.join() && Date.now() < end) await new Promise(setImmediate);
    assert.deepEqual(states(), expected);
  }

  id(name: string): string {
    return this.history.list().find(({ images: [image] }) => image?.image === `${name}:1`)?.id ?? '';
  }
}

suite('pushes above the limit', () => {
  test('wait in the list, can be moved to the front, and begin when one ends or the limit grows', async (t) => {
    const rig = new Rig(t);
    const [a, b, c] = [rig.push('a'), rig.push('b'), rig.push('c')];
    await rig.until('a:1 running', 'b:1 queued 1', 'c:1 queued 2');
    assert.equal(rig.runner.snapshots().length, 1);
    rig.runner.moveToFront(rig.id('c'));
    await rig.until('a:1 running', 'c:1 queued 1', 'b:1 queued 2');
    rig.runner.cancel(rig.id('a'));
    assert.equal(await a, 'cancelled');
    await rig.until('c:1 running', 'b:1 queued 1', 'a:1 cancelled');
    rig.limit = 2;
    rig.runner.updateLimit();
    await rig.until('b:1 running', 'c:1 running', 'a:1 cancelled');
    await rig.runner.stop();
    assert.deepEqual([await b, await c], ['cancelled', 'cancelled']);
  });

  test('begin in the order in which they came, however long the journal takes to record them', async (t) => {
    const folder = await makeScratch('journal');
    const recorded = Promise.withResolvers<undefined>();
    const journal = new PushJournal(folder.path, silentLogger);
    const rig = new Rig(t, {
      begin: async (push) => {
        if (push.image === 'a:1') await recorded.promise;
        return await journal.begin(push);
      },
    });
    t.after(() => folder.remove());
    const all = [rig.push('a'), rig.push('b'), rig.push('c')];
    await rig.until('a:1 queued', 'b:1 queued 1', 'c:1 queued 2');
    recorded.resolve(undefined);
    await rig.until('a:1 running', 'b:1 queued 1', 'c:1 queued 2');
    await rig.runner.stop();
    await Promise.all(all);
    const left = (await readdir(folder.path)).map((name) => readFile(join(folder.path, name), 'utf8'));
    for (const entry of await Promise.all(left)) assert.match(entry, /"end":"windowClosed"/);
    assert.equal(left.length, 3);
  });

  for (const cancelled of ['a', 'b']) {
    const others = cancelled === 'a' ? ['b:1 running', 'c:1 queued 1'] : ['a:1 running', 'c:1 queued 1'];
    test(`cancelled while the journal records them leave no entry there, and no gap in the queue: ${cancelled}`, async (t) => {
      const folder = await makeScratch('journal');
      const recorded = Promise.withResolvers<undefined>();
      const journal = new PushJournal(folder.path, silentLogger);
      const rig = new Rig(t, {
        begin: async (push) => {
          await recorded.promise;
          return await journal.begin(push);
        },
      });
      t.after(() => folder.remove());
      const all = ['a', 'b', 'c'].map((name) => rig.push(name));
      await rig.until('a:1 queued', 'b:1 queued 1', 'c:1 queued 2');
      rig.runner.cancel(rig.id(cancelled));
      recorded.resolve(undefined);
      await rig.until(...others, `${cancelled}:1 cancelled`);
      for (const name of ['a', 'b', 'c']) rig.runner.cancel(rig.id(name));
      assert.deepEqual(await Promise.all(all), ['cancelled', 'cancelled', 'cancelled']);
      assert.deepEqual(await readdir(folder.path), []);
    });
  }

  test('can be cancelled while they wait, and then never ask the engine', async (t) => {
    const rig = new Rig(t);
    const running = rig.push('a');
    const waiting = rig.push('b');
    await rig.until('a:1 running', 'b:1 queued 1');
    rig.runner.cancel(rig.id('b'));
    assert.equal(await waiting, 'cancelled');
    await rig.until('a:1 running', 'b:1 cancelled');
    assert.equal(rig.history.find(rig.id('b'))?.startedAt, undefined);
    rig.runner.cancel(rig.id('a'));
    await running;
  });

  test('to a tag that is taken are busy at once, and do not wait for that', async (t) => {
    const rig = new Rig(t);
    const all = [rig.push('a'), rig.push('b')];
    await rig.until('a:1 running', 'b:1 queued 1');
    assert.deepEqual([await rig.push('a'), await rig.push('b')], ['busy', 'busy']);
    await rig.runner.stop();
    await Promise.all(all);
  });

  test('say when their target is free again', async (t) => {
    const rig = new Rig(t);
    const all = [rig.push('a'), rig.push('b')];
    await rig.until('a:1 running', 'b:1 queued 1');
    await rig.runner.whenFree('one.example/dev/c:1', signal);
    const free: string[] = [];
    const waiting = ['a', 'b'].map((name) =>
      rig.runner.whenFree(`one.example/dev/${name}:1`, signal).then(() => free.push(name)),
    );
    const gone = new AbortController();
    const cancelled = assert.rejects(rig.runner.whenFree('one.example/dev/a:1', gone.signal), { code: 'cancelled' });
    gone.abort();
    await cancelled;
    rig.runner.cancel(rig.id('a'));
    await waiting[0];
    assert.deepEqual(free, ['a']);
    await rig.runner.stop();
    await Promise.all([...waiting, ...all]);
  });

  test('to several registries do not let a sign-out wait for their turn', async (t) => {
    const rig = new Rig(t);
    const running = rig.push('a', there);
    const waiting = rig.runner.runAll([job('b', here), job('c', there)], { signal });
    await rig.until('a:1 running', 'b:1 queued 1');
    await rig.runner.stop(here);
    await rig.until('a:1 running', 'b:1 queued 1');
    rig.runner.cancel(rig.id('a'));
    await running;
    await rig.until('b:1 running', 'a:1 cancelled');
    await rig.runner.stop();
    const codes = (await waiting).map((outcome) => outcome.kind === 'failed' && outcome.error.code);
    assert.deepEqual(codes, ['notSignedIn', 'cancelled']);
  });

  test('go on, and leave the queue, if who listens to them fails', async (t) => {
    const rig = new Rig(t);
    const fail = (): void => {
      throw new Error('the view is gone');
    };
    rig.runner.onProgress(fail);
    const options = { signal, onProgress: fail, onQueued: fail, onRecord: fail };
    const all = ['a', 'b', 'c'].map((name) => rig.runner.runAll([job(name)], options));
    for (const name of ['a', 'b', 'c']) {
      while (rig.history.find(rig.id(name))?.state !== 'running') await new Promise(setImmediate);
      rig.runner.cancel(rig.id(name));
    }
    const codes = (await Promise.all(all)).map(([one]) => one?.kind === 'failed' && one.error.code);
    assert.deepEqual(codes, ['cancelled', 'cancelled', 'cancelled']);
    await rig.runner.whenFree('one.example/dev/a:1', signal);
  });

  test('end when their registry is signed out of, with the record removed', async (t) => {
    const rig = new Rig(t);
    const running = rig.push('a', there);
    const waiting = rig.push('b', here);
    await rig.until('a:1 running', 'b:1 queued 1');
    await rig.runner.stop(here);
    await rig.history.forgetRegistry(here);
    assert.equal(await waiting, 'notSignedIn');
    await rig.until('a:1 running');
    await rig.runner.stop();
    await running;
  });

  test('are interrupted, running or waiting, when the window closes', async (t) => {
    const rig = new Rig(t);
    const all = [rig.push('a'), rig.push('b')];
    await rig.until('a:1 running', 'b:1 queued 1');
    await rig.runner.stop();
    const states = rig.history.list().map(({ state }) => state);
    assert.deepEqual(states, ['interrupted', 'interrupted'], 'they are recorded when `stop` resolves');
    assert.deepEqual(await Promise.all(all), ['cancelled', 'cancelled']);
  });
});

suite('the error of a push', () => {
  test('is recorded with all that can be found out about it, and stays as it was if nothing can', async (t) => {
    const rig = new Rig(t);
    const recorded = (): string | undefined => rig.history.list()[0]?.images[0]?.error?.message;
    rig.explain = ({ code, message }) =>
      Promise.resolve(new TeaChestError(code, `${message}: none of your teams may push.`));
    assert.equal(await rig.push('refused'), 'accessDenied');
    assert.equal(recorded(), 'reqPackageAccess: none of your teams may push.');
    rig.explain = () => Promise.reject(new Error('no answer'));
    assert.equal(await rig.push('refused'), 'accessDenied');
    assert.equal(recorded(), 'reqPackageAccess');
  });
});
