import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { Logger } from '../../../../src/core/base/logger.ts';
import type { EngineEndpoint } from '../../../../src/core/docker/types.ts';
import { EngineLink } from '../../../../src/host/engine/engine.ts';
import { engineFinder } from '../../../../src/host/engine/engineFinder.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { listingEngine } from './listingEngine.ts';

suite('engine link', () => {
  test('retires the engine it leaves, and disposes of the one it has', async () => {
    const opened: ReturnType<typeof listingEngine>[] = [];
    const link = new EngineLink(() => {
      const one = listingEngine(() => Promise.resolve([]));
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
    const find = engineFinder(() => ({}), silentLogger, discover);
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
    const find = engineFinder(() => ({ host: setting }), logger);
    await find();
    await find();
    setting = 'tcp://127.0.0.1:2';
    await find();
    assert.equal(lines.length, 2, lines.join('\n'));
  });
});
