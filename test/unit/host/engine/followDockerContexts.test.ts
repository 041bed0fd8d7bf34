import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { EngineEndpoint } from '../../../../src/core/docker/types.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { changeFile, useFakeVscode, watchedFiles } from '../support/fakeVscode.ts';

useFakeVscode();
const { followDockerContexts } = await import('../../../../src/host/engine/followDockerContexts.ts');

const at = (path: string): EngineEndpoint => ({
  address: { kind: 'socket', path },
  source: 'the docker context “x”',
  url: `unix://${path}`,
});

interface State {
  found: EngineEndpoint | Error;
  current: EngineEndpoint | undefined;
  changes: number;
  searches: number;
}

function followed() {
  const state: State = { found: at('/one'), current: at('/one'), changes: 0, searches: 0 };
  const following = followDockerContexts({
    folder: () => Promise.resolve('/cfg'),
    find: () => {
      state.searches++;
      return state.found instanceof Error ? Promise.reject(state.found) : Promise.resolve(state.found);
    },
    link: { endpoint: () => Promise.resolve(state.current) },
    images: {
      engineChanged: () => {
        state.changes++;
        return Promise.resolve();
      },
    },
    logger: silentLogger,
    wait: async () => {
      await setImmediate();
    },
  });
  return { state, following };
}

/** Until everything that a change leads to is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

suite('docker’s contexts', () => {
  test('are followed: another engine is connected to, once for a burst of changes', async () => {
    const { state, following } = followed();
    await settled();
    assert.deepEqual(watchedFiles(), ['/cfg: config.json', '/cfg/contexts/meta: **']);
    state.found = at('/two');
    changeFile('/cfg', 'config.json');
    changeFile('/cfg/contexts/meta', '**');
    await settled();
    assert.equal(state.changes, 1);
    following.dispose();
    assert.deepEqual(watchedFiles(), []);
  });

  test('that lead to the same engine leave its connection alone', async () => {
    const { state, following } = followed();
    await settled();
    // As after `docker login`, which writes config.json too.
    changeFile('/cfg', 'config.json');
    await settled();
    assert.deepEqual([state.searches, state.changes], [1, 0]);
    following.dispose();
  });

  test('of which the chosen one was removed, or without an engine so far, are looked at again', async () => {
    const { state, following } = followed();
    await settled();
    state.found = new TeaChestError('engineEndpointInvalid', 'There is no such context.');
    changeFile('/cfg/contexts/meta', '**');
    await settled();
    state.current = undefined;
    changeFile('/cfg', 'config.json');
    await settled();
    assert.equal(state.changes, 2);
    following.dispose();
  });
});
