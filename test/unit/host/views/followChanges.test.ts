import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { changeSetting, takeShown, useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo, emitter } from '../support/hostFakes.ts';

useFakeVscode();
const { followChanges, showWhetherPushed } = await import('../../../../src/host/views/followChanges.ts');

function followed(failure?: Error) {
  const steps: string[] = [];
  const warnings: string[] = [];
  const step = (name: string) => (): void => void steps.push(name);
  const changed = emitter<undefined>();
  const connections: Connection[] = [];
  const following = followChanges({
    logger: { ...silentLogger, warn: (line) => void warnings.push(line) },
    store: { list: () => connections, onDidChange: changed.event },
    access: { refresh: step('refresh') },
    memory: { hasAny: () => false },
    cleanup: {
      removeSignedOut: () => {
        steps.push('cleanup');
        return failure === undefined ? Promise.resolve() : Promise.reject(failure);
      },
    },
    images: { engineChanged: () => Promise.resolve(void steps.push('engine changed')) },
    imagesView: { update: step('update images') },
    runner: { updateLimit: () => undefined },
    registriesView: { update: step('update registries') },
    sync: { refresh: step('refresh states') },
  });
  return { steps, warnings, changed, connections, following };
}

const context = (): readonly string[] => takeShown().map(({ text }) => text);

suite('the views', () => {
  test('follow sign-ins and sign-outs', async () => {
    takeShown();
    const { steps, warnings, changed, connections, following } = followed(new Error('the disk is full'));
    assert.deepEqual(context(), ['setContext teaChest.hasRegistries false']);
    assert.deepEqual(steps, ['refresh', 'update registries']);
    connections.push(connectionTo('https://gitea.test'));
    changed.fire(undefined);
    await setImmediate();
    assert.deepEqual(context(), ['setContext teaChest.hasRegistries true']);
    assert.deepEqual(steps.slice(2), ['refresh', 'update registries', 'refresh states', 'cleanup']);
    assert.match(warnings.join(), /the disk is full/);
    following.dispose();
  });

  test('count the first push of the walkthrough only after a push', () => {
    takeShown();
    showWhetherPushed({ hasAny: () => false });
    assert.deepEqual(context(), []);
    showWhetherPushed({ hasAny: () => true });
    assert.deepEqual(context(), ['setContext teaChest.hasPushed true']);
  });

  test('follow the settings that concern them, until they are disposed of', () => {
    const { steps, following } = followed();
    steps.length = 0;
    changeSetting('teaChest.engine.host', 'unix:///x');
    changeSetting('teaChest.images.showDangling', true);
    changeSetting('teaChest.push.gzipLevel', 2);
    assert.deepEqual(steps, ['engine changed', 'update images']);
    following.dispose();
    changeSetting('teaChest.engine.host', '');
    assert.equal(steps.length, 2);
  });
});
