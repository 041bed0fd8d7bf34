import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { removeName, temporaryTag } from '../../../../src/core/relay/temporaryTag.ts';
import { EngineRelay } from '../../../../src/host/push/engineRelay.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakePusher } from '../../relay/fakePusher.ts';
import { memento } from '../support/hostFakes.ts';

const repository = `127.0.0.1:4711/tea-chest/${'0a'.repeat(12)}/0`;

suite('a temporary name that an engine crashed with', () => {
  test('is taken away by the same window when the engine is back, though nobody pushes again', async () => {
    const pusher = new FakePusher({ layers: [], config: Buffer.alloc(0) });
    const tag = temporaryTag();
    pusher.tags.add('app:1').add(`${repository}:${tag}`);
    const listTags = pusher.listTags.bind(pusher);
    const untag = pusher.untag.bind(pusher);
    const gone = (): Promise<never> => Promise.reject(new Error('the engine is gone'));
    pusher.listTags = pusher.untag = gone;
    await removeName(pusher, { repository, tag }, { logger: silentLogger, references: [] });

    const swept = Promise.withResolvers<undefined>();
    const waits: number[] = [];
    const relay = new EngineRelay({
      secrets: { get: () => Promise.resolve(undefined), store: () => Promise.resolve() },
      state: memento(),
      logger: {
        ...silentLogger,
        info: () => {
          swept.resolve(undefined);
        },
      },
      sleep: (ms) => {
        waits.push(ms);
        // It takes its time to come back.
        if (waits.length === 2) Object.assign(pusher, { listTags, untag });
        return Promise.resolve();
      },
    });
    relay.ended({ pusher: () => pusher });
    await swept.promise;
    assert.equal(waits.length, 2);
    assert.deepEqual([...pusher.tags], ['app:1']);
    relay.ended({ pusher: () => assert.fail('nothing is left to be looked for') });
  });
});
