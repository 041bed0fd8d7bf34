import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { formatIdentity, thisMachine, type ProcessView } from '../../../../src/core/base/processIdentity.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { PushResult } from '../../../../src/core/push/pushEvents.ts';
import type { HistoryChange } from '../../../../src/host/history/changeBatch.ts';
import { PushHistory, type PushRecorder } from '../../../../src/host/history/pushHistory.ts';
import { FileState } from '../../../../src/host/state/fileState.ts';
import { once } from '../../../tools/once.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { emitter } from '../support/hostFakes.ts';

const day = 24 * 60 * 60 * 1000;
const [here, there] = ['https://one.example', 'https://two.example'] as const;
const result: PushResult = {
  ...{ reference: 'one.example/dev/app:1', digest: digestOf(Buffer.from('m')), mediaType: 'm', uploadedBytes: 1 },
  ...{ mountedBytes: 0, skippedBytes: 0, durationMs: 1, strategy: 'export', notices: ['A notice.'] },
};

let folder: string;
let opened: PushHistory[];
let now: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tea-chest-history-'));
  opened = [];
  now = 1_800_000_000_000;
});
afterEach(async () => {
  for (const history of opened) history.dispose();
  await rm(folder, { recursive: true });
});

/** Another window: its process has another number, and runs unless `hasEnded`. */
function windowView(pid: number, hasEnded: ReadonlySet<number> = new Set()): () => ProcessView {
  const { own } = thisMachine();
  return () => ({
    own: { ...own, pid, start: 'a' },
    systemStartedAt: 0,
    now: () => now,
    startOf: (other) => (hasEnded.has(other) ? undefined : 'a'),
  });
}

function open(
  view = windowView(1),
  state: ConstructorParameters<typeof PushHistory>[0]['state'] = new FileState(folder),
) {
  const changed = emitter<HistoryChange>();
  const history = new PushHistory({ state, changed, logger: silentLogger, view, now: () => now });
  opened.push(history);
  return history;
}

function begin(history: PushHistory, ...targets: string[]): PushRecorder {
  return history.begin(
    targets.map((target) => ({
      ...{ image: 'app:1', target, origin: target.startsWith('two') ? there : here },
      options: { compression: 'gzip', recheck: true },
    })),
  );
}

async function run(history: PushHistory, ...targets: string[]): Promise<string> {
  const recorder = begin(history, ...targets);
  await recorder.apply({ type: 'started', at: now });
  await recorder.apply({ type: 'ended', at: now, outcomes: targets.map(() => ({ kind: 'pushed', result })) });
  return recorder.id;
}

const states = (history: PushHistory): string[] => history.list().map(({ state }) => state);

suite('the list of pushes', () => {
  test('has running ones first, then waiting ones by their position, then past ones, the newest first', async () => {
    const history = open();
    const old = await run(history, 'one.example/dev/old:1');
    now += 1000;
    const recent = await run(history, 'one.example/dev/recent:1');
    const [last, next, running] = [
      begin(history, 'one.example/a:1'),
      begin(history, 'one.example/b:1'),
      begin(history, 'one.example/c:1'),
    ];
    await last.apply({ type: 'queued', position: 2 });
    await next.apply({ type: 'queued', position: 1 });
    await running.apply({ type: 'started', at: now });
    assert.deepEqual(
      history.list().map(({ id }) => id),
      [running.id, next.id, last.id, recent, old],
    );
    assert.equal(history.runningHere, 1);
    assert.deepEqual([history.isHere(running.id), history.isHere(old)], [true, false]);
  });

  test('keeps the order of pushes that begin in the same millisecond', () => {
    const history = open();
    const ids = Array.from({ length: 20 }, (_, at) => begin(history, `one.example/dev/app:${at}`).id);
    assert.deepEqual(
      history.list().map(({ id }) => id),
      ids,
    );
  });

  test('is the same after a restart, with everything that pushes it again', async () => {
    const id = await run(open(), 'one.example/dev/app:1');
    const [record] = open(windowView(2)).list();
    assert.equal(record?.id, id);
    const [image] = record.images;
    assert.deepEqual(image?.options, { compression: 'gzip', recheck: true });
    assert.deepEqual([record.state, image.result], ['pushed', result]);
  });

  test('is seen in another window, which cannot cancel what runs here', async () => {
    const [first, second] = [open(), open(windowView(2))];
    const seen = once(second.onDidChange);
    const recorder = begin(first, 'one.example/dev/app:1');
    await recorder.apply({ type: 'started', at: now });
    assert.ok((await seen).ids.has(recorder.id));
    assert.deepEqual([states(second), second.isHere(recorder.id), second.runningHere], [['running'], false, 0]);
    await recorder.apply({ type: 'ended', at: now, outcomes: [{ kind: 'pushed', result }] });
    assert.deepEqual(states(second), ['pushed']);
  });

  test('reports a change of this window once, also when the file system reports it later', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const files = new FileState(folder);
    let look = (): void => undefined;
    const state = {
      ...{ keys: files.keys.bind(files), get: files.get.bind(files), update: files.update.bind(files) },
      watch: (onChange: () => void) => {
        look = onChange;
        return { dispose: () => undefined };
      },
    };
    const [first, second] = [open(windowView(1), state), open(windowView(2))];
    const [id, other] = [await run(first, 'one.example/dev/app:1'), await run(second, 'one.example/dev/other:1')];
    look();
    t.mock.timers.tick(1000);
    const changes: (readonly string[])[] = [];
    first.onDidChange((change) => changes.push([...change.ids]));
    const reported = (): readonly (readonly string[])[] => {
      look();
      t.mock.timers.tick(1000);
      return changes.splice(0);
    };
    await first.remove([id]);
    assert.deepEqual(reported(), [[id]]);
    const later = await run(first, 'one.example/dev/later:1');
    t.mock.timers.tick(1000);
    assert.ok(changes.splice(0).every((ids) => ids.join() === later));
    assert.deepEqual(reported(), []);
    await second.remove([other]);
    assert.deepEqual(reported(), [[other]]);
  });

  test('has a push whose process has ended as interrupted', async () => {
    const recorder = begin(open(windowView(7)), 'one.example/dev/app:1');
    await recorder.apply({ type: 'started', at: now });
    assert.deepEqual(states(open(windowView(2))), ['running']);
    const [record] = open(windowView(2, new Set([7]))).list();
    assert.deepEqual([record?.state, record?.images[0]?.state, record?.endedAt], ['interrupted', 'interrupted', now]);
  });

  test('reports what changed, at most every 300 ms, as VS Code shows no change that follows another at once', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const history = open();
    const changes: HistoryChange[] = [];
    history.onDidChange((change) => changes.push(change));
    const recorder = begin(history, 'one.example/dev/app:1');
    assert.deepEqual(changes, [{ ids: new Set([recorder.id]), isList: true }]);
    for (let position = 1; position < 50; position++) void recorder.apply({ type: 'queued', position });
    assert.equal(changes.length, 1);
    t.mock.timers.tick(299);
    assert.equal(changes.length, 1);
    t.mock.timers.tick(1);
    assert.equal(changes.length, 2);
    t.mock.timers.tick(1000);
    assert.equal(changes.length, 2);
  });

  test('keeps a hundred pushes, and none for more than thirty days', async () => {
    const history = open();
    const first = await run(history, 'one.example/dev/first:1');
    now += 31 * day;
    for (let at = 0; at < 102; at++) {
      now += 1000;
      await run(history, `one.example/dev/app:${at}`);
    }
    await begin(history, 'one.example/dev/last:1').apply({ type: 'started', at: now });
    while (history.list().length > 101) await new Promise(setImmediate);
    const targets = history.list().map(({ images }) => images[0]?.target);
    assert.ok(!history.list().some(({ id }) => id === first));
    assert.deepEqual(
      [targets[0], targets[1], targets.length],
      ['one.example/dev/last:1', 'one.example/dev/app:101', 101],
    );
  });

  test('leaves out files that are broken, of another version, or not what their name says', async () => {
    const history = open();
    const kept = await run(history, 'one.example/dev/kept:1');
    const other = await run(history, 'one.example/dev/other:1');
    const forged = await run(history, 'one.example/dev/forged:1');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const text = await readFile(path, 'utf8');
      if (text.includes('/other:1')) await writeFile(path, text.replace('"version":1', '"version":2'));
      if (text.includes('/forged:1')) await writeFile(path, text.replaceAll('"state":"pushed"', '"state":"splendid"'));
    }
    await writeFile(join(folder, `${'0'.repeat(32)}.json`), '{"key":"broken","val');
    const later = open(windowView(2));
    assert.deepEqual(
      later.list().map(({ id }) => id),
      [kept],
    );
    assert.deepEqual([later.find(other), later.find(forged)], [undefined, undefined]);
  });

  test('goes on with a full disk: the pushes of this window are listed, and the failure is logged once', async () => {
    const files = new FileState(folder);
    const full = Object.assign(Object.create(files) as FileState, {
      keys: () => files.keys(),
      get: (key: string) => files.get(key),
      watch: () => ({ dispose: () => undefined }),
      update: () => Promise.reject(new Error('ENOSPC')),
    });
    const warnings: string[] = [];
    const history = new PushHistory({
      ...{ state: full, changed: emitter<HistoryChange>(), view: windowView(1), now: () => now },
      logger: { ...silentLogger, warn: (line) => void warnings.push(line) },
    });
    opened.push(history);
    await run(history, 'one.example/dev/app:1');
    assert.deepEqual([states(history), warnings.length], [['pushed'], 1]);
  });

  test('has nothing of a registry after its sign-out, and the other images of a push to several', async () => {
    const history = open();
    await run(history, 'one.example/dev/app:1');
    const both = await run(history, 'one.example/dev/app:1', 'two.example/dev/app:1');
    await history.forgetRegistry(here);
    assert.deepEqual(
      history.list().map(({ id, images }) => [id, images.map(({ target }) => target)]),
      [[both, ['two.example/dev/app:1']]],
    );
    const contents = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    assert.ok(!contents.join('').includes('one.example/dev/app:1","origin'), contents.join('\n'));
  });

  test('has nothing of a registry that was signed out of while the push still ended', async () => {
    const history = open();
    const recorder = begin(history, 'one.example/dev/app:1', 'two.example/dev/app:1');
    await recorder.apply({ type: 'started', at: now });
    await history.forgetRegistry(here);
    const error = new TeaChestError('notSignedIn', 'You signed out.');
    await recorder.apply({
      type: 'ended',
      at: now,
      outcomes: [
        { kind: 'failed', error },
        { kind: 'pushed', result },
      ],
    });
    const [record] = history.list();
    assert.equal(record?.state, 'pushed');
    assert.deepEqual(
      record.images.map(({ target }) => target),
      ['two.example/dev/app:1'],
    );
  });

  test('removes pushes that have ended, and not those that run', async () => {
    const history = open();
    const old = await run(history, 'one.example/dev/app:1');
    const recorder = begin(history, 'one.example/dev/app:2');
    await recorder.apply({ type: 'started', at: now });
    await history.remove([old, recorder.id]);
    assert.deepEqual(
      history.list().map(({ id }) => id),
      [recorder.id],
    );
    assert.deepEqual(open(windowView(2)).list().length, 1);
  });

  test('names the process that runs a push by what no other has', async () => {
    await begin(open(), 'one.example/dev/app:1').apply({ type: 'started', at: now });
    const [name = ''] = await readdir(folder);
    const { value } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { value: { process: string } };
    assert.equal(value.process, formatIdentity(windowView(1)().own));
  });
});
