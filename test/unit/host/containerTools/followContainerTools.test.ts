import assert from 'node:assert/strict';
import { mock, suite, test, afterEach, beforeEach } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { changeExtension, installedExtensions, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { followContainerTools, containerToolsId } =
  await import('../../../../src/host/containerTools/followContainerTools.ts');

suite('Container Tools', () => {
  let registered: string[] = [];
  let disposals: string[] = [];
  let created = 0;

  const exports = {
    registerRegistryDataProvider: (id: string) => {
      registered.push(id);
      return { dispose: () => disposals.push('registration') };
    },
  };
  const createProvider = (): Promise<never> => {
    created++;
    return Promise.resolve({ id: 'gitea', dispose: () => disposals.push('provider') } as unknown as never);
  };

  function follow(t: { after(work: () => void): void }): { dispose(): unknown } {
    const following = followContainerTools({ createProvider, logger: silentLogger });
    t.after(() => {
      following.dispose();
    });
    return following;
  }

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    [registered, disposals, created] = [[], [], 0];
  });
  afterEach(() => {
    installedExtensions.delete(containerToolsId);
    mock.timers.reset();
  });

  test('is not needed', async (t) => {
    follow(t);
    mock.timers.tick(60_000);
    await setImmediate();
    assert.equal(created, 0);
  });

  test('gets our registries when it is active, and not before', async (t) => {
    installedExtensions.set(containerToolsId, { isActive: false, exports: undefined });
    follow(t);
    mock.timers.tick(5_000);
    await setImmediate();
    assert.equal(created, 0);
    installedExtensions.set(containerToolsId, { isActive: true, exports });
    mock.timers.tick(1_000);
    await setImmediate();
    mock.timers.tick(60_000);
    await setImmediate();
    assert.deepEqual(registered, ['gitea']);
  });

  test('may be installed and removed while the window is open', async (t) => {
    follow(t);
    changeExtension(containerToolsId, { isActive: true, exports });
    await setImmediate();
    assert.deepEqual(registered, ['gitea']);
    changeExtension(containerToolsId);
    assert.deepEqual(disposals, ['registration', 'provider']);
    changeExtension(containerToolsId, { isActive: true, exports });
    await setImmediate();
    assert.deepEqual(registered, ['gitea', 'gitea']);
  });

  test('of another version is left alone', async (t) => {
    for (const other of [undefined, {}, { registerRegistryDataProvider: 'text' }]) {
      changeExtension(containerToolsId, { isActive: true, exports: other });
      follow(t).dispose();
      await setImmediate();
    }
    const fails = { registerRegistryDataProvider: () => assert.fail('not wanted') };
    changeExtension(containerToolsId, { isActive: true, exports: fails });
    follow(t);
    await setImmediate();
    assert.deepEqual(disposals, ['provider'], 'nothing of ours stays');
  });
});
