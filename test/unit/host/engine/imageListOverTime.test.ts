import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { EngineLink } from '../../../../src/host/engine/engine.ts';
import { ImageList } from '../../../../src/host/engine/imageList.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { listingEngine, untilAborted } from './listingEngine.ts';

const image = engineImage();

/** Time that a test lets pass. */
function fakeTime() {
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
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

/** An engine that a test controls, and the list of its images. */
function followed() {
  const time = fakeTime();
  let isUp = true;
  let hasEvents = true;
  let failsToList = false;
  let report: (action: string) => void = () => undefined;
  let fall: () => void = () => undefined;
  let failure = new TeaChestError('engineStopped', 'It does not answer.', {
    facts: { endpoint: 'unix:///engine.sock' },
  });
  const stopped = (): never => {
    throw failure;
  };
  const one = listingEngine(() => (isUp && !failsToList ? Promise.resolve([image]) : stopped()));
  one.events = async function* ({ signal }) {
    one.calls.push('events');
    if (!isUp || !hasEvents) stopped();
    const actions: string[] = ['connected'];
    let wake = Promise.withResolvers<undefined>();
    report = (action) => {
      actions.push(action);
      wake.resolve(undefined);
    };
    fall = () => {
      wake.reject(new TeaChestError('engineLost', 'It is gone.'));
    };
    signal.addEventListener('abort', () => one.calls.push('closed'), { once: true });
    for (;;) {
      for (let action = actions.shift(); action !== undefined; action = actions.shift()) yield { action };
      wake = Promise.withResolvers<undefined>();
      await Promise.race([wake.promise, untilAborted(signal)]);
    }
  };
  const states: string[] = [];
  const link = new EngineLink(() => Promise.resolve(one));
  const list = new ImageList(link, silentLogger, ({ kind }) => states.push(kind), time.sleep);
  return {
    ...time,
    ...{ list, states },
    /** What the engine was asked since the last call. */
    asked: () => one.calls.splice(0).filter((call) => call !== 'retire'),
    report: (action: string) => {
      report(action);
    },
    start: () => {
      isUp = true;
    },
    stop: (reason = failure) => {
      failure = reason;
      isUp = false;
      fall();
    },
    failToList: (fails: boolean) => {
      failsToList = fails;
    },
    refuseEvents: () => {
      hasEvents = false;
    },
  };
}

suite('image list over time', () => {
  test('a view that is shown loads the list once, and then follows events', async () => {
    const { list, settle, asked, report, pass } = followed();
    list.setVisible(true);
    assert.equal((await list.open()).kind, 'ready');
    await pass(5000);
    assert.deepEqual(asked(), ['events', 'list']);
    await list.open();
    assert.deepEqual(asked(), [], 'a list that follows the engine is not loaded again');
    report('tag');
    await settle();
    await pass(300);
    await pass(300);
    assert.deepEqual(asked(), ['list']);
    list.dispose();
  });

  test('an engine with events all the time is listed once a second', async () => {
    const { list, settle, asked, report, pass } = followed();
    list.setVisible(true);
    await list.open();
    asked();
    for (let passed = 0; passed < 10_000; passed += 100) {
      report('tag');
      await settle();
      await pass(100);
    }
    const lists = asked().length;
    assert.ok(lists >= 8 && lists <= 12, `${lists} lists in 10 s`);
    await pass(300);
    await pass(300);
    asked();
    await pass(5000);
    assert.deepEqual(asked(), [], 'and not without an event');
    list.dispose();
  });

  test('an engine that sends nothing before the first event is listed after a moment', async () => {
    const { sleep, pass } = fakeTime();
    const mute = listingEngine(() => Promise.resolve([image]));
    const list = new ImageList(new EngineLink(() => Promise.resolve(mute)), silentLogger, () => undefined, sleep);
    list.setVisible(true);
    const opening = list.open();
    await pass(300);
    assert.equal((await opening).kind, 'ready');
    assert.deepEqual(mute.calls, ['list']);
    list.dispose();
  });

  test('a hidden view asks the engine for nothing, whatever happens, and its events are closed after a while', async () => {
    const { list, asked, report, pass, settle } = followed();
    list.setVisible(true);
    await list.open();
    asked();
    list.setVisible(false);
    report('tag');
    list.setFocused(false);
    list.setFocused(true);
    await settle();
    for (let passed = 0; passed < 20_000; passed += 500) await pass(500);
    assert.deepEqual(asked(), []);
    for (let passed = 0; passed < 600_000; passed += 5000) await pass(5000);
    assert.deepEqual(asked(), ['closed']);
    list.setVisible(true);
    await settle();
    assert.deepEqual(asked(), ['events', 'list'], 'once when it is shown again');
    list.dispose();
  });

  test('a view that is hidden for a moment keeps its events, and misses no change', async () => {
    const { list, asked, report, pass, settle } = followed();
    list.setVisible(true);
    await list.open();
    asked();
    list.setVisible(false);
    report('tag');
    await pass(5000);
    list.setVisible(true);
    await settle();
    await pass(60_000);
    assert.ok(!asked().includes('closed'));
    list.dispose();
  });

  test('an engine that stops while the view is hidden is not looked for until it is shown', async () => {
    const { list, asked, pass, settle, stop, start } = followed();
    list.setVisible(true);
    await list.open();
    asked();
    list.setVisible(false);
    stop();
    for (let passed = 0; passed < 600_000; passed += 1000) await pass(1000);
    start();
    for (let passed = 0; passed < 600_000; passed += 1000) await pass(1000);
    assert.deepEqual(
      asked().filter((call) => call !== 'closed'),
      [],
    );
    list.setVisible(true);
    await settle();
    assert.deepEqual(asked(), ['events', 'list']);
    list.dispose();
  });

  test('an engine that was away is listed again within 2 s of its return, and at once when the view is shown', async () => {
    const { list, states, pass, settle, stop, start } = followed();
    list.setVisible(true);
    await list.open();
    stop();
    for (let passed = 0; passed < 100_000; passed += 500) await pass(500);
    assert.deepEqual(states, ['ready', 'problem']);
    start();
    let needed = 0;
    for (; list.state.kind !== 'ready'; needed += 500) await pass(500);
    assert.ok(needed <= 2000, `${needed} ms`);
    stop();
    for (let passed = 0; passed < 100_000; passed += 500) await pass(500);
    list.setVisible(false);
    start();
    list.setVisible(true);
    await settle();
    await pass(0);
    assert.equal(list.state.kind, 'ready');
    list.dispose();
  });

  test('a sign-in that the other machine refuses is hardly repeated, or it may lock the address out', async () => {
    const { list, asked, pass, settle, stop, start } = followed();
    const facts = { endpoint: 'ssh://ada@box', isRefused: true };
    stop(new TeaChestError('engineFailed', 'Permission denied (publickey).', { facts }));
    list.setVisible(true);
    await list.open();
    for (let passed = 0; passed < 590_000; passed += 1000) await pass(1000);
    const signIns = asked().length;
    assert.ok(signIns <= 3, `${signIns} in 10 min`);
    start();
    const again = list.reconnect();
    await settle();
    await again;
    assert.equal(list.state.kind, 'ready', 'but it is tried at once when the person asks');
    list.dispose();
  });

  test('an engine that lists but refuses events is asked less and less often', async () => {
    const { list, asked, pass, refuseEvents } = followed();
    refuseEvents();
    list.setVisible(true);
    list.setFocused(false);
    await list.open();
    for (let passed = 0; passed < 300_000; passed += 500) await pass(500);
    asked();
    for (let passed = 0; passed < 300_000; passed += 500) await pass(500);
    const lists = asked().filter((call) => call === 'list').length;
    assert.ok(lists >= 8 && lists <= 11, `${lists} lists in 5 min`);
    list.dispose();
  });

  test('what sends no event shows when the window gets the focus, and every 30 s while it has it', async () => {
    const { list, asked, pass, settle } = followed();
    list.setVisible(true);
    await list.open();
    asked();
    await pass(29_000);
    assert.deepEqual(asked(), []);
    await pass(1000);
    assert.deepEqual(asked(), ['list']);
    list.setFocused(false);
    for (let passed = 0; passed < 600_000; passed += 1000) await pass(1000);
    assert.deepEqual(asked(), [], 'not while another window has the focus');
    list.setFocused(true);
    await settle();
    assert.deepEqual(asked(), ['list']);
    for (let passed = 0; passed < 90_000; passed += 1000) await pass(1000);
    assert.deepEqual(asked(), ['list', 'list', 'list']);
    list.dispose();
    for (let passed = 0; passed < 90_000; passed += 1000) await pass(1000);
    assert.deepEqual(
      asked().filter((call) => call === 'list'),
      [],
    );
  });

  test('a hidden view does not connect to an engine that was chosen elsewhere before it is shown', async () => {
    const { list, states, asked, pass, settle } = followed();
    await list.open();
    asked();
    await list.engineChanged();
    for (let passed = 0; passed < 60_000; passed += 1000) await pass(1000);
    assert.deepEqual(asked(), []);
    assert.deepEqual(states, ['ready', 'unknown'], 'what the other engine had is not shown as its own');
    list.setVisible(true);
    await settle();
    assert.deepEqual(asked(), ['events', 'list']);
    await list.engineChanged();
    assert.deepEqual(asked(), ['closed', 'events', 'list'], 'a view that is shown connects at once');
    list.dispose();
  });

  test('a push that waits for the list of a hidden view gets that of the engine that was chosen meanwhile', async () => {
    const asked = Promise.withResolvers<undefined>();
    const hung = listingEngine(({ signal }) => {
      asked.resolve(undefined);
      return untilAborted(signal);
    });
    const engines = [hung, listingEngine(() => Promise.resolve([image]))];
    const link = new EngineLink(() => Promise.resolve(engines.shift() ?? hung));
    const list = new ImageList(link, silentLogger, () => undefined);
    const opening = list.open();
    await asked.promise;
    await list.engineChanged();
    assert.deepEqual(await opening, { kind: 'ready', images: [image] });
    list.dispose();
  });

  test('a list that failed once is loaded again, although the events of the engine go on', async () => {
    const { list, pass, settle, report, failToList } = followed();
    list.setVisible(true);
    await list.open();
    failToList(true);
    report('tag');
    await settle();
    for (let passed = 0; passed < 1000; passed += 100) await pass(100);
    assert.equal(list.state.kind, 'problem');
    failToList(false);
    for (let passed = 0; passed < 31_000; passed += 1000) await pass(1000);
    assert.equal(list.state.kind, 'ready');
    list.dispose();
  });

  test('a hidden list is loaded for each question: a push asks for what there is now', async () => {
    const { list, asked } = followed();
    await list.open();
    await list.open();
    assert.deepEqual(asked(), ['list', 'list']);
    list.dispose();
  });
});
