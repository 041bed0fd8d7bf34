import assert from 'node:assert/strict';
import { mock, suite, test } from 'node:test';
import { TeaChestError, type ErrorCode } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { SyncReport } from '../../../../src/core/sync/readSyncState.ts';
import { SyncStates, type SyncEntry, type SyncStatesOptions } from '../../../../src/host/sync/syncStates.ts';
import type { SyncQuestion } from '../../../../src/host/sync/syncReader.ts';
import { parseTarget } from '../../../../src/host/targets/target.ts';
import { connectionTo } from '../support/hostFakes.ts';

const digest = digestOf(Buffer.from('x'));
const upToDate: SyncReport = {
  ...{ state: 'upToDate', reason: 'sameImage' },
  ...{ here: { imageId: digest, createdAt: undefined }, there: { digest, createdAt: undefined } },
};

type Read = SyncStatesOptions['read'];

function statesOf({ read = () => Promise.resolve(upToDate) }: { readonly read?: Read } = {}) {
  const asked: string[] = [];
  const pushes = new Map<string, SyncEntry['lastPush']>();
  const changed: string[] = [];
  let now = 1_000_000;
  const states = new SyncStates({
    destinationOf: (reference) => {
      if (!reference.startsWith('gitea.')) return undefined;
      const target = parseTarget(reference);
      return { connection: connectionTo(`https://${target.host}`), target, lastPush: pushes.get(reference) };
    },
    read: (question, signal) => {
      asked.push(question.image);
      return read(question, signal);
    },
    onChange: (references) => changed.push(...references),
    now: () => now,
  });
  const later = (ms: number): void => void (now += ms);
  return { states, asked, pushes, changed, later };
}

const image = (name: string, imageId = 'a'): { reference: string; imageId: string } => ({
  reference: `gitea.test/dev/${name}:1`,
  imageId,
});

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

function stateOf(entry: SyncEntry | undefined): string | undefined {
  if (entry === undefined) return undefined;
  return 'failure' in entry.outcome ? entry.outcome.failure.code : entry.outcome.state;
}

suite('the sync states of images', () => {
  test('are read for rows that are shown, and only while the view is visible', async () => {
    const { states, asked } = statesOf();
    states.show([image('a'), { reference: 'local:1', imageId: 'b' }]);
    await settled();
    assert.deepEqual(asked, []);
    states.setVisible(true);
    await settled();
    assert.deepEqual(asked, ['gitea.test/dev/a:1'], 'an image without a target is not asked for');
    assert.equal(stateOf(states.known(image('a'))), 'upToDate');
    states.show([image('a')]);
    states.setVisible(false);
    states.setVisible(true);
    await settled();
    assert.equal(asked.length, 1, 'what is new enough is not read again');
  });

  test('are read again when the view becomes visible some minutes later', async () => {
    const { states, asked, later } = statesOf();
    states.setVisible(true);
    states.show([image('a'), image('b')]);
    await settled();
    states.hide([image('b').reference]);
    states.setVisible(false);
    later(6 * 60_000);
    await settled();
    assert.equal(asked.length, 2);
    states.setVisible(true);
    await settled();
    assert.deepEqual(asked.slice(2), ['gitea.test/dev/a:1'], 'not those whose row is hidden');
    assert.equal(stateOf(states.known(image('b'))), 'upToDate', 'the former state stays');
  });

  test('are read again after some minutes in a window with the focus, and at once when it gets it', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const { states, asked, later } = statesOf();
    const minutes = async (count: number): Promise<void> => {
      for (let minute = 0; minute < count; minute++) {
        later(60_000);
        mock.timers.tick(60_000);
        await settled();
      }
    };
    states.setVisible(true);
    states.setFocused(true);
    states.show([image('a')]);
    await minutes(4);
    assert.equal(asked.length, 1, 'new enough');
    await minutes(2);
    assert.equal(asked.length, 2);
    states.setFocused(false);
    await minutes(30);
    assert.equal(asked.length, 2, 'nobody looks at it');
    states.setFocused(true);
    await settled();
    assert.equal(asked.length, 3);
    states.setVisible(false);
    await minutes(30);
    assert.equal(asked.length, 3);
    states.dispose();
    mock.timers.reset();
  });

  test('of another image, or after a push, are read again', async () => {
    const { states, asked, pushes } = statesOf();
    states.setVisible(true);
    states.show([image('a', 'old')]);
    await settled();
    assert.equal(states.known(image('a', 'new')), undefined, 'the state of the former image is not shown');
    states.show([image('a', 'new')]);
    await settled();
    assert.equal(asked.length, 2);
    pushes.set(image('a').reference, { imageId: 'new', digest, createdAt: undefined, at: 1 });
    states.show([image('a', 'new')]);
    assert.equal(stateOf(states.known(image('a', 'new'))), 'upToDate', 'the former state is shown until then');
    await settled();
    assert.equal(asked.length, 3);
  });

  test('that were asked for before a push do not replace those that were asked for after it', async () => {
    const answers: ((report: SyncReport) => void)[] = [];
    const { states, pushes } = statesOf({ read: () => new Promise((resolve) => answers.push(resolve)) });
    states.setVisible(true);
    states.show([image('a')]);
    await settled();
    pushes.set(image('a').reference, { imageId: 'a', digest, createdAt: undefined, at: 1 });
    states.update();
    await settled();
    const [before, after] = answers;
    after?.(upToDate);
    await settled();
    before?.({ ...upToDate, state: 'newerHere', reason: 'builtLaterHere' });
    await settled();
    assert.equal(answers.length, 2);
    assert.equal(stateOf(states.known(image('a'))), 'upToDate');
  });

  test('are read again after a tag of their registry was changed by hand, and only those', async () => {
    const { states, asked } = statesOf();
    const elsewhere = { reference: 'gitea.other/dev/a:1', imageId: 'a' };
    states.setVisible(true);
    states.show([image('a'), elsewhere]);
    await settled();
    states.registryChanged('https://gitea.test');
    assert.equal(stateOf(states.known(image('a'))), 'upToDate', 'the former state is shown until then');
    await settled();
    assert.deepEqual(asked, [image('a').reference, elsewhere.reference, image('a').reference]);
  });

  test('four at a time', async () => {
    const waiting: (() => void)[] = [];
    const { states, asked } = statesOf({
      read: () =>
        new Promise((resolve) => {
          waiting.push(() => {
            resolve(upToDate);
          });
        }),
    });
    states.setVisible(true);
    states.show(Array.from({ length: 1000 }, (_, at) => image(`many${at}`)));
    await settled();
    assert.equal(asked.length, 4);
    waiting.shift()?.();
    await settled();
    assert.equal(asked.length, 5);
    states.setVisible(false);
    for (const end of waiting) end();
    await settled();
    assert.equal(asked.length, 5, 'nothing is read after the view was hidden');
  });

  const unreachable = (code: ErrorCode): Promise<never> => Promise.reject(new TeaChestError(code, 'No answer.'));

  test('a registry that cannot be reached is asked once, and again after growing pauses', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let isBack = false;
      const { states, asked, later } = statesOf({
        read: () => (isBack ? Promise.resolve(upToDate) : unreachable('registryUnreachable')),
      });
      const tick = async (ms: number): Promise<void> => {
        later(ms);
        mock.timers.tick(ms);
        await settled();
      };
      states.setVisible(true);
      states.show(Array.from({ length: 20 }, (_, at) => image(`x${at}`)));
      await settled();
      assert.ok(asked.length <= 4, `${asked.length} requests`);
      assert.equal(stateOf(states.known(image('x19'))), 'registryUnreachable');
      const first = asked.length;
      states.show([image('x0')]);
      await settled();
      assert.equal(asked.length, first, 'not during the pause');
      await tick(30_000);
      assert.ok(asked.length > first && asked.length <= first + 4, 'after it');
      const second = asked.length;
      await tick(30_000);
      assert.equal(asked.length, second, 'the next pause is longer');
      isBack = true;
      await tick(31_000);
      assert.equal(stateOf(states.known(image('x19'))), 'upToDate');
      states.dispose();
    } finally {
      mock.timers.reset();
    }
  });

  test('Refresh asks a registry at once, and a refused repository says nothing of the others', async () => {
    const read = ({ target }: SyncQuestion): Promise<SyncReport> =>
      target.repository === 'dev/secret' ? unreachable('accessDenied') : Promise.resolve(upToDate);
    const { states, asked } = statesOf({ read });
    states.setVisible(true);
    states.show([image('secret'), image('open')]);
    await settled();
    assert.equal(stateOf(states.known(image('secret'))), 'accessDenied');
    assert.equal(stateOf(states.known(image('open'))), 'upToDate');
    states.refresh();
    assert.equal(states.known(image('open')), undefined);
    await settled();
    assert.equal(asked.length, 4);
    assert.equal(stateOf(states.known(image('open'))), 'upToDate');
  });

  test('a command reads them anew while the view is hidden', async () => {
    const { states, asked } = statesOf();
    states.setVisible(true);
    states.show([image('a')]);
    await settled();
    states.setVisible(false);
    let read = 0;
    const images = [image('a'), image('b'), { reference: 'local:1', imageId: 'c' }];
    await states.readAll(images, { signal: new AbortController().signal, onRead: () => read++ });
    assert.deepEqual(asked.slice(1), ['gitea.test/dev/a:1', 'gitea.test/dev/b:1']);
    assert.equal(read, 3);
  });

  test('the rows that were read are reported together', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { states, changed } = statesOf();
      states.setVisible(true);
      states.show([image('a'), image('b')]);
      await settled();
      assert.deepEqual(changed, []);
      mock.timers.tick(200);
      assert.deepEqual(changed, ['gitea.test/dev/a:1', 'gitea.test/dev/b:1']);
    } finally {
      mock.timers.reset();
    }
  });
});
