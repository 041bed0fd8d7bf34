import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { SyncState } from '../../../../src/core/sync/compareSyncState.ts';
import type { PushImagesResult } from '../../../../src/host/push/pushImagesResult.ts';
import { SyncStates } from '../../../../src/host/sync/syncStates.ts';
import { press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo, imageNamed } from '../support/hostFakes.ts';

useFakeVscode();
const { pushOutOfDateCommand } = await import('../../../../src/host/commands/pushOutOfDate.ts');

const digest = digestOf(Buffer.from('x'));
const nothing: PushImagesResult = { results: [], uploadedBytes: 0, mountedBytes: 0, skippedBytes: 0, durationMs: 0 };

/** Images by their states: `app` is pushed to `gitea.test/dev/app:1`. Those without a state have no target. */
function withStates(states: Readonly<Record<string, SyncState | 'none' | 'fails'>>) {
  const pushed: { readonly by: string; readonly images: readonly string[] }[] = [];
  const sync = new SyncStates({
    destinationOf: (reference) => {
      const name = reference.split(':')[0] ?? '';
      if (states[name] === 'none') return undefined;
      const target = { host: 'gitea.test', repository: `dev/${name}`, tag: '1' };
      return { connection: connectionTo('https://gitea.test'), target, lastPush: undefined };
    },
    read: ({ image }) => {
      const state = states[image.split(':')[0] ?? ''] ?? 'none';
      if (state === 'fails' || state === 'none') {
        return Promise.reject(new TeaChestError('accessDenied', 'You may not read it.'));
      }
      const there = { digest, createdAt: undefined };
      return Promise.resolve({ state, reason: 'sameImage', here: { imageId: digest, createdAt: undefined }, there });
    },
    onChange: () => undefined,
    now: Date.now,
  });
  const note =
    (by: string) =>
    (all: readonly { readonly image: string; readonly target?: string | undefined }[]): Promise<PushImagesResult> => {
      pushed.push({ by, images: all.map(({ image, target = '' }) => `${image} → ${target}`) });
      return Promise.resolve(nothing);
    };
  const push = {
    pushEach: note('each'),
    pushChosen: async (all: never): Promise<void> => {
      await note('chosen')(all);
    },
  };
  const images = Object.keys(states).map((name) => imageNamed(`${name}:1`));
  const dependencies = { images: { open: () => Promise.resolve({ kind: 'ready', images } as const) }, sync, push };
  return { dependencies, pushed };
}

const texts = (element: string): readonly string[] =>
  takeShown().flatMap((shown) => (shown.element === element ? [shown.text] : []));

suite('Push What Is Out of Date', () => {
  test('offers what is newer here first and ticked, then what is not pushed and what differs', async () => {
    takeShown();
    const { dependencies, pushed } = withStates({
      ...{ other: 'different', absent: 'notPushed', same: 'upToDate', mine: 'newerHere', theirs: 'newerThere' },
      ...{ local: 'none' },
    });
    press('OK');
    assert.equal(await pushOutOfDateCommand(dependencies, undefined), undefined);
    assert.deepEqual(texts('list.label'), ['$(arrow-circle-up) mine:1', '$(cloud-upload) absent:1', '$(diff) other:1']);
    assert.deepEqual(pushed, [{ by: 'chosen', images: ['mine:1 → gitea.test/dev/mine:1'] }]);
  });

  test('pushes nothing if the person leaves the list', async () => {
    const { dependencies, pushed } = withStates({ mine: 'newerHere' });
    await pushOutOfDateCommand(dependencies, undefined);
    assert.deepEqual(pushed, []);
  });

  test('says so if there is nothing, and what is not known', async () => {
    const said = async (states: Parameters<typeof withStates>[0]): Promise<string> => {
      takeShown();
      await pushOutOfDateCommand(withStates(states).dependencies, undefined);
      return texts('information').join();
    };
    assert.equal(await said({ a: 'upToDate' }), 'Nothing is out of date: 1 image is as its registry has it.');
    assert.equal(
      await said({ a: 'upToDate', b: 'upToDate', c: 'newerThere' }),
      'Nothing is out of date: 2 images are as their registries have them. 1 image is newer there.',
    );
    assert.match(await said({ a: 'upToDate', b: 'fails' }), /The state of 1 image is not known: You may not read it\./);
    assert.match(await said({ a: 'none' }), /^Nothing can be compared: no image was pushed before/);
  });

  test('by arguments asks nothing, and names what could not be compared', async () => {
    const states = { mine: 'newerHere', absent: 'notPushed', other: 'different', secret: 'fails' } as const;
    const { dependencies, pushed } = withStates(states);
    const result = await pushOutOfDateCommand(dependencies, {});
    const error = { code: 'accessDenied', stage: 'browse', message: 'You may not read it.' };
    assert.deepEqual(result, {
      ...nothing,
      unknown: [{ image: 'secret:1', target: 'gitea.test/dev/secret:1', error }],
    });
    await pushOutOfDateCommand(dependencies, { notPushed: true });
    assert.deepEqual(pushed, [
      { by: 'each', images: ['mine:1 → gitea.test/dev/mine:1'] },
      { by: 'each', images: ['mine:1 → gitea.test/dev/mine:1', 'absent:1 → gitea.test/dev/absent:1'] },
    ]);
  });

  test('by arguments pushes nothing where nothing is newer here, and refuses unknown arguments', async () => {
    const { dependencies, pushed } = withStates({ absent: 'notPushed' });
    assert.deepEqual(await pushOutOfDateCommand(dependencies, {}), { ...nothing, unknown: [] });
    await assert.rejects(pushOutOfDateCommand(dependencies, { all: true }), { code: 'argumentInvalid' });
    assert.deepEqual(pushed, []);
  });
});
