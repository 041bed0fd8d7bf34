import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { RegistryRequest, RegistryResponse, Send } from '../../../src/core/registry/messages.ts';
import { usualRetries, waitBeforeRetry, withRetry, type Timing } from '../../../src/core/registry/retry.ts';
import { silentLogger } from '../../tools/silentLogger.ts';

const url = new URL('https://h/v2/');
const answer = (status: number, headers: Record<string, string> = {}): RegistryResponse => ({
  status,
  headers,
  body: Buffer.alloc(0),
  url,
});
const unreachable = new TeaChestError('registryUnreachable', 'gone');

/** A clock that only `sleep` moves; remembers the waits. */
function fakeTiming(): Timing & { readonly waits: number[] } {
  const waits: number[] = [];
  return { waits, now: () => 0, random: () => 1, sleep: async (ms) => Promise.resolve(void waits.push(ms)) };
}

/** Answers from a list; fails when asked more often. */
function script(...outcomes: (RegistryResponse | Error)[]): Send & { calls: number } {
  const send = async (): Promise<RegistryResponse> => {
    const outcome = outcomes[send.calls++];
    if (outcome === undefined) throw new Error('asked once too often');
    if (outcome instanceof Error) throw outcome;
    return Promise.resolve(outcome);
  };
  send.calls = 0;
  return send;
}

const request = (extra: Partial<RegistryRequest> = {}): RegistryRequest => ({
  method: 'GET',
  url,
  signal: new AbortController().signal,
  ...extra,
});

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`a ${status} is asked again`, async () => {
    const send = script(answer(status), answer(200));
    const response = await withRetry(send, usualRetries, fakeTiming(), silentLogger)(request());
    assert.equal(response.status, 200);
    assert.equal(send.calls, 2);
  });
}

for (const status of [200, 201, 400, 401, 403, 404, 413, 416, 501]) {
  test(`a ${status} is an answer and not asked again`, async () => {
    const send = script(answer(status));
    assert.equal((await withRetry(send, usualRetries, fakeTiming(), silentLogger)(request())).status, status);
  });
}

for (const code of [
  'certificateUntrusted',
  'certificateChanged',
  'plainHttp',
  'proxyFailed',
  'cancelled',
  'spoolFailed',
] as const) {
  test(`${code} is not tried again`, async () => {
    const send = script(new TeaChestError(code, 'no'));
    await assert.rejects(withRetry(send, usualRetries, fakeTiming(), silentLogger)(request()), { code });
  });
}

test('a lost connection is tried again, with growing waits, up to the number of tries', async () => {
  const timing = fakeTiming();
  const send = script(...Array<Error>(usualRetries.attempts).fill(unreachable));
  await assert.rejects(withRetry(send, usualRetries, timing, silentLogger)(request()), { code: 'registryUnreachable' });
  assert.deepEqual(timing.waits, [500, 1000, 2000, 4000, 8000]);
});

test('PATCH is never sent again, nor what asks for an answer now', async () => {
  for (const extra of [{ method: 'PATCH' }, { retry: 'never' }] as const) {
    const send = script(answer(503));
    assert.equal((await withRetry(send, usualRetries, fakeTiming(), silentLogger)(request(extra))).status, 503);
  }
});

test('Retry-After is honoured in seconds and as a date', () => {
  const clock = { now: () => Date.parse('2026-11-24T10:00:00Z'), random: () => 0 };
  const wait = (value: string): number | undefined =>
    waitBeforeRetry({ response: answer(429, { 'retry-after': value }) }, 1, usualRetries, clock);
  assert.equal(wait('7'), 7000);
  assert.equal(wait('Tue, 24 Nov 2026 10:00:09 GMT'), 9000);
  assert.equal(wait('soon'), 250);
});

test('a wait beyond the budget is not begun', async () => {
  const timing = fakeTiming();
  const send = script(answer(503, { 'retry-after': '3600' }));
  assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 503);
  assert.deepEqual(timing.waits, []);
});

test('a cancel while waiting ends it', async () => {
  const timing = { ...fakeTiming(), sleep: async () => Promise.reject(new TeaChestError('cancelled', 'Cancelled.')) };
  await assert.rejects(withRetry(script(unreachable), usualRetries, timing, silentLogger)(request()), {
    code: 'cancelled',
  });
});
