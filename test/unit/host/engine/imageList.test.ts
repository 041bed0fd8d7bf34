import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { EngineImage } from '../../../../src/core/docker/types.ts';
import { EngineLink } from '../../../../src/host/engine/engine.ts';
import { ImageList } from '../../../../src/host/engine/imageList.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { listingEngine, untilAborted } from './listingEngine.ts';

const image = engineImage();

suite('image list', () => {
  test('a new connection does not wait for a hanging load, whose callers get the new one', async () => {
    const asked = Promise.withResolvers<undefined>();
    const hung = listingEngine(({ signal }) => {
      asked.resolve(undefined);
      return untilAborted(signal);
    });
    const good = listingEngine(() => Promise.resolve([image]));
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
    const slow = listingEngine(() => {
      asked.resolve(undefined);
      return late.promise;
    });
    const good = listingEngine(() => Promise.resolve([image]));
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
