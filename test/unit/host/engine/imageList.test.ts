import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { Logger } from '../../../../src/core/base/logger.ts';
import type { EngineEndpoint, EngineImage } from '../../../../src/core/docker/types.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import { engineFinder } from '../../../../src/host/engine/engineFinder.ts';
import { ImageList } from '../../../../src/host/engine/imageList.ts';
import { listShownImages } from '../../../../src/host/engine/listShownImages.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';

const image: EngineImage = {
  id: `sha256:${'a'.repeat(64)}`,
  references: ['app:1'],
  size: 1,
  createdAt: '2026-11-24T10:50:24.000Z',
  platform: undefined,
  containers: undefined,
};

async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new TeaChestError('cancelled', 'Cancelled.');
}

/** An engine that lists as it is reported and whose events never come. */
function engine(listImages: Engine['listImages']): Engine & { readonly calls: string[] } {
  const calls: string[] = [];
  const unused = (): never => {
    throw new Error('not asked for in this test');
  };
  return {
    calls,
    listImages: (options) => {
      calls.push('list');
      return listImages(options);
    },
    // eslint-disable-next-line require-yield -- nothing ever happens
    events: async function* ({ signal }) {
      await untilAborted(signal);
    },
    platformOf: unused,
    inspect: unused,
    exportImage: unused,
    exportBlobs: unused,
    pusher: unused,
    retire: () => calls.push('retire'),
    dispose: () => calls.push('dispose'),
  };
}

suite('image list', () => {
  test('a new connection does not wait for a hanging load, whose callers get the new one', async () => {
    const asked = Promise.withResolvers<undefined>();
    const hung = engine(({ signal }) => {
      asked.resolve(undefined);
      return untilAborted(signal);
    });
    const good = engine(() => Promise.resolve([image]));
    const engines = [hung, good];
    const list = new ImageList(
      new EngineLink(() => Promise.resolve(engines.shift() ?? good)),
      silentLogger,
      () => undefined,
    );
    const opening = list.open();
    await asked.promise;
    await list.reconnect();
    assert.deepEqual(list.state, { kind: 'ready', images: [image] });
    assert.deepEqual(await opening, list.state);
    list.dispose();
  });

  test('an engine that is left late says nothing any more', async () => {
    const asked = Promise.withResolvers<undefined>();
    const late = Promise.withResolvers<readonly EngineImage[]>();
    const slow = engine(() => {
      asked.resolve(undefined);
      return late.promise;
    });
    const good = engine(() => Promise.resolve([image]));
    const engines = [slow, good];
    const list = new ImageList(
      new EngineLink(() => Promise.resolve(engines.shift() ?? good)),
      silentLogger,
      () => undefined,
    );
    const opening = list.open();
    await asked.promise;
    await list.reconnect();
    late.resolve([]);
    await opening;
    assert.deepEqual(list.state, { kind: 'ready', images: [image] });
    list.dispose();
  });
});

/** Time that a test lets pass. */
function fakeTime() {
  const sleepers: { at: number; readonly wake: () => void }[] = [];
  let now = 0;
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    signal?.addEventListener('abort', () => {
      reject(new TeaChestError('cancelled', 'Cancelled.'));
    });
    sleepers.push({
      at: now + ms,
      wake: () => {
        resolve(undefined);
      },
    });
    await promise;
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
  };
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    for (const due of sleepers.filter(({ at }) => at <= now)) {
      sleepers.splice(sleepers.indexOf(due), 1);
      due.wake();
    }
    await settle();
  };
  return { sleep, pass, settle };
}

suite('image list over time', () => {
  test('an engine with events all the time is listed once a second', async () => {
    const { sleep, pass, settle } = fakeTime();
    let report = (): void => undefined;
    const busy = engine(() => Promise.resolve([image]));
    busy.events = async function* ({ signal }) {
      for (;;) {
        const reported = Promise.withResolvers<undefined>();
        report = () => {
          reported.resolve(undefined);
        };
        await Promise.race([reported.promise, untilAborted(signal)]);
        yield { action: 'tag' };
      }
    };
    const list = new ImageList(new EngineLink(() => Promise.resolve(busy)), silentLogger, () => undefined, sleep);
    await list.open();
    const lists = (): number => busy.calls.filter((call) => call === 'list').length;
    const before = lists();
    for (let passed = 0; passed < 10_000; passed += 100) {
      report();
      await settle();
      await pass(100);
    }
    assert.ok(lists() - before >= 8, `${lists() - before} lists in 10 s`);
    assert.ok(lists() - before <= 12, `${lists() - before} lists in 10 s`);
    report();
    await settle();
    await pass(300);
    await pass(300);
    const after = lists();
    await pass(5000);
    assert.equal(lists(), after, 'and not without an event');
    list.dispose();
  });

  for (const [whom, visible, most] of [
    ['a visible view', true, 2000],
    ['nobody', false, 30_000],
  ] as const) {
    test(`an engine that was away is listed again for ${whom} within ${most / 1000} s`, async () => {
      const { sleep, pass } = fakeTime();
      let isUp = true;
      const stopped = (): never => {
        throw new TeaChestError('engineStopped', 'It does not answer.', { facts: { endpoint: 'unix:///engine.sock' } });
      };
      let fall = (): void => undefined;
      const one = engine(() => (isUp ? Promise.resolve([image]) : stopped()));
      // eslint-disable-next-line require-yield -- nothing ever happens but the end
      one.events = async function* () {
        if (!isUp) stopped();
        await new Promise<void>((resolve) => {
          fall = resolve;
        });
        stopped();
      };
      const states: string[] = [];
      const list = new ImageList(
        new EngineLink(() => Promise.resolve(one)),
        silentLogger,
        ({ kind }) => states.push(kind),
        sleep,
      );
      list.setVisible(visible);
      await list.open();
      isUp = false;
      fall();
      for (let passed = 0; passed < 100_000; passed += 500) await pass(500);
      assert.deepEqual(states, ['ready', 'problem']);
      isUp = true;
      let needed = 0;
      for (; list.state.kind !== 'ready'; needed += 500) await pass(500);
      assert.ok(needed <= most, `${needed} ms`);
      if (!visible) {
        isUp = false;
        fall();
        for (let passed = 0; passed < 100_000; passed += 500) await pass(500);
        isUp = true;
        list.setVisible(true);
        await pass(0);
        assert.equal(list.state.kind, 'ready', 'at once when the view becomes visible');
      }
      list.dispose();
    });
  }
});

suite('shown images', () => {
  test('bear no name that is there for a push only', async () => {
    const name = `127.0.0.1:41234/tea-chest/${'ab'.repeat(12)}/0:push-0a0a0a0a-0b0b0b0b-17-1f-0123456789abcdef`;
    const references = ['app:1', name, `127.0.0.1:41234/tea-chest/app:1`];
    const busy = engine(() => Promise.resolve([{ ...image, references }, image]));
    const shown = await listShownImages(busy, { signal: new AbortController().signal });
    assert.deepEqual(shown, [{ ...image, references: ['app:1', '127.0.0.1:41234/tea-chest/app:1'] }, image]);
  });
});

suite('engine link', () => {
  test('retires the engine it leaves, and disposes of the one it has', async () => {
    const opened: ReturnType<typeof engine>[] = [];
    const link = new EngineLink(() => {
      const one = engine(() => Promise.resolve([]));
      opened.push(one);
      return Promise.resolve(one);
    });
    await link.get();
    link.reset();
    assert.equal(await link.get(), opened[1]);
    link.dispose();
    await Promise.resolve();
    assert.deepEqual(
      opened.map(({ calls }) => calls),
      [['retire'], ['dispose']],
    );
  });

  test('an engine that was found and is no longer there is stopped, not missing', async () => {
    let sockets: 'one' | 'none' = 'one';
    const discover = (): Promise<EngineEndpoint> =>
      sockets === 'one'
        ? Promise.resolve({
            address: { kind: 'socket', path: '/run/engine.sock' },
            source: 'default socket',
            url: 'unix:///run/engine.sock',
          })
        : Promise.reject(new TeaChestError('engineNotFound', 'No container engine was found.'));
    const find = engineFinder(() => undefined, silentLogger, discover);
    sockets = 'none';
    await assert.rejects(find(), { code: 'engineNotFound' });
    sockets = 'one';
    await find();
    sockets = 'none';
    await assert.rejects(find(), { code: 'engineStopped', message: /unix:\/\/\/run\/engine\.sock \(default socket\)/ });
  });

  test('an engine that is found at the same address again is not logged again', async () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, info: (line) => void lines.push(line) };
    let setting = 'tcp://127.0.0.1:1';
    const find = engineFinder(() => setting, logger);
    await find();
    await find();
    setting = 'tcp://127.0.0.1:2';
    await find();
    assert.equal(lines.length, 2, lines.join('\n'));
  });
});
