import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../../../src/core/base/cancel.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import type { Timing } from '../../../src/core/registry/http/retry.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { serve } from '../registry/localRegistry.ts';
import { never } from './testClient.ts';

function clientOf(url: string, timing: Partial<Timing>): RegistryClient {
  return createRegistryClient({
    address: parseRegistryAddress(url),
    trust: { allowHttp: true },
    proxy: { url: undefined, bypass: [] },
    credential: () => Promise.resolve(undefined),
    logger: silentLogger,
    chunkMemory: new Map(),
    environment: {},
    userAgent: 'tea-chest/test',
    timing: { now: Date.now, random: Math.random, sleep, ...timing },
  });
}

const cancelled = { name: 'TeaChestError', code: 'cancelled' };

test('a client that is closed between two tries ends the wait at once, and makes no further try', async (t) => {
  let requests = 0;
  const url = await serve(t, (_request, response) => {
    requests++;
    response.writeHead(503).end();
  });
  const waiting = Promise.withResolvers<AbortSignal>();
  const client = clientOf(url, {
    // An hour: only the signal ends it.
    sleep: async (_ms, signal) => {
      waiting.resolve(signal);
      await sleep(3_600_000, signal);
    },
  });
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
  const client = clientOf(url, { sleep: (ms) => Promise.resolve(void waits.push(ms)) });
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
  const client = clientOf(url, {});
  await client.close();
  await assert.rejects(client.server({ signal: never }), cancelled);
  await assert.rejects(client.checkSignIn({ signal: never }), cancelled);
  assert.equal(requests, 0);
});
