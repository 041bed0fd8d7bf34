import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../../../src/core/base/cancel.ts';
import type { Timing } from '../../../src/core/registry/http/retry.ts';
import { serve } from '../registry/localRegistry.ts';
import { clientFor, never } from './testClient.ts';

const cancelled = { name: 'TeaChestError', code: 'cancelled' };

test('a client that is closed between two tries ends the wait at once, and makes no further try', async (t) => {
  let requests = 0;
  const url = await serve(t, (_request, response) => {
    requests++;
    response.writeHead(503).end();
  });
  const waiting = Promise.withResolvers<AbortSignal>();
  const timing: Partial<Timing> = {
    // An hour: only the signal ends it.
    sleep: async (_ms, signal) => {
      waiting.resolve(signal);
      await sleep(3_600_000, signal);
    },
  };
  const client = clientFor(url, { timing });
  const refused = assert.rejects(client.server({ signal: never }), cancelled);
  const signal = await waiting.promise;
  assert.ok(!signal.aborted);
  await client.close();
  assert.ok(signal.aborted);
  await refused;
  assert.equal(requests, 1);
});

test('a client that is closed during a request rejects with cancelled, and waits for nothing', async (t) => {
  const asked = Promise.withResolvers<undefined>();
  const url = await serve(t, () => {
    asked.resolve(undefined);
  });
  const waits: number[] = [];
  const client = clientFor(url, { timing: { sleep: (ms) => Promise.resolve(void waits.push(ms)) } });
  const refused = assert.rejects(client.checkSignIn({ signal: never }), cancelled);
  const alsoRefused = assert.rejects(client.repository('o/n', { signal: never }), cancelled);
  await asked.promise;
  await client.close();
  await Promise.all([refused, alsoRefused]);
  assert.deepEqual(waits, []);
});

test('a closed client sends nothing', async (t) => {
  let requests = 0;
  const url = await serve(t, (_request, response) => {
    requests++;
    response.end('{}');
  });
  const client = clientFor(url);
  await client.close();
  await assert.rejects(client.server({ signal: never }), cancelled);
  await assert.rejects(client.checkSignIn({ signal: never }), cancelled);
  assert.equal(requests, 0);
});
