import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RegistryCleanup } from '../../../../src/host/registry/registryCleanup.ts';

const here = 'https://one.example';
const there = 'https://two.example';

/** A cleanup that records its steps. The first of the data fails. */
function recorded(origins: string[]): { readonly cleanup: RegistryCleanup; readonly steps: string[] } {
  const steps: string[] = [];
  const cleanup = new RegistryCleanup({
    store: {
      list: () => origins.map((origin) => ({ origin })),
      remove: async (origin) => {
        steps.push(`remove ${origin}`);
        origins.splice(origins.indexOf(origin), 1);
        await cleanup.removeSignedOut(); // as the store's event does
      },
    },
    stopPushes: (origin) => {
      steps.push(`stop ${origin}`);
      return Promise.resolve();
    },
    data: [
      {
        forgetRegistry: () => {
          steps.push('first');
          throw new Error('the disk is full');
        },
      },
      { forgetRegistry: () => void steps.push('second') },
    ],
  });
  return { cleanup, steps };
}

suite('the cleanup of a registry', () => {
  test('stops its pushes, removes the secret and then everything else, whatever fails', async () => {
    const { cleanup, steps } = recorded([here, there]);
    await assert.rejects(cleanup.signOut(here), /the disk is full/);
    assert.deepEqual(steps, [`stop ${here}`, `remove ${here}`, 'first', 'second']);
  });

  test('follows a sign-out in another window, once', async () => {
    const origins = [here, there];
    const { cleanup, steps } = recorded(origins);
    await cleanup.removeSignedOut();
    assert.deepEqual(steps, []);
    origins.splice(1, 1);
    await assert.rejects(cleanup.removeSignedOut(), /the disk is full/);
    await cleanup.removeSignedOut();
    assert.deepEqual(steps, [`stop ${there}`, 'first', 'second']);
  });

  test('includes a registry that was saved later', async () => {
    const origins: string[] = [];
    const { cleanup, steps } = recorded(origins);
    origins.push(here);
    await cleanup.removeSignedOut();
    origins.pop();
    await assert.rejects(cleanup.removeSignedOut());
    assert.equal(steps[0], `stop ${here}`);
  });
});
