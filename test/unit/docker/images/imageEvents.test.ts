import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEvents } from '../../../../src/core/docker/images/imageEvents.ts';
import { listOf } from '../client/fakeEngine.ts';

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer, void, void> {
  for (const text of texts) yield Buffer.from(text);
}

test('a member of an event that is missing or not text is undefined', async () => {
  const lines = ['null', '5', '{}', '{"Action":7,"status":"tag","Actor":"x","id":"i"}', '{"Actor":{"ID":{}},"id":[]}'];
  assert.deepEqual(await listOf(parseEvents(pieces(`${lines.join('\n')}\n`))), [
    { action: '', image: undefined },
    { action: '', image: undefined },
    { action: '', image: undefined },
    { action: 'tag', image: 'i' },
    { action: '', image: undefined },
  ]);
});

test('a line without an end is rejected before it fills the memory', async () => {
  let sent = 0;
  const endless = async function* (): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      sent += 65_536;
      yield Buffer.alloc(65_536, 'x');
    }
  };
  await assert.rejects(listOf(parseEvents(endless())), { code: 'engineFailed', message: /an event that does not end/ });
  assert(sent < 8 * 1024 * 1024, `${sent} bytes were taken`);
});

test('invalid JSON is an error of the engine', async () => {
  await assert.rejects(listOf(parseEvents(pieces('<html>\n'))), { code: 'engineFailed', message: /not JSON/ });
});
