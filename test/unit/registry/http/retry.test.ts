import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../../../../src/core/base/cancel.ts';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import type { RegistryRequest, RegistryResponse, Send } from '../../../../src/core/registry/http/httpTypes.ts';
import {
  browseRetries,
  Retries,
  usualRetries,
  withRetry,
  type Timing,
} from '../../../../src/core/registry/http/retry.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';

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

test('a lost connection is tried again, with growing waits, for a minute', async () => {
  const timing = fakeTiming();
  const send = script(...Array<Error>(12).fill(unreachable));
  await assert.rejects(withRetry(send, usualRetries, timing, silentLogger)(request()), { code: 'registryUnreachable' });
  assert.deepEqual(timing.waits, [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000, 4500]);
  assert.equal(send.calls, 12);
});

test('where a person waits for a list, a registry that is down is said soon, and a busy one is given its time', async () => {
  for (const down of [unreachable, answer(502)]) {
    const timing = fakeTiming();
    const outcome = withRetry(
      script(...Array<typeof down>(9).fill(down)),
      browseRetries,
      timing,
      silentLogger,
    )(request());
    if (down === unreachable) await assert.rejects(outcome, { code: 'registryUnreachable' });
    else assert.equal((await outcome).status, 502);
    assert.deepEqual(timing.waits, [500, 1000]);
  }
  for (const status of [429, 503]) {
    const timing = fakeTiming();
    const send = script(...Array.from({ length: 6 }, () => answer(status)), answer(200));
    assert.equal((await withRetry(send, browseRetries, timing, silentLogger)(request())).status, 200);
    assert.deepEqual(timing.waits, [500, 1000, 2000, 4000, 8000, 8000]);
  }
});

test('an outage of 55 seconds is survived, whatever chance makes of the waits', async () => {
  for (const random of [0, 0.5, 0.99]) {
    let clock = 0;
    const timing: Timing = {
      now: () => clock,
      random: () => random,
      sleep: async (ms) => Promise.resolve(void (clock += ms)),
    };
    const send: Send = async () => (clock < 55_000 ? Promise.reject(unreachable) : Promise.resolve(answer(200)));
    assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 200);
  }
});

test('tries that take long by themselves are bounded by their number', async () => {
  let clock = 0;
  const timing: Timing = { now: () => clock, random: () => 1, sleep: async () => Promise.resolve() };
  let calls = 0;
  const send: Send = async () => {
    calls++;
    clock += 60_000;
    return Promise.resolve(answer(504));
  };
  assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 504);
  assert.equal(calls, usualRetries.attempts);
});

test('tries that take a quarter of an hour each are not made six times', async () => {
  let clock = 0;
  const timing: Timing = { now: () => clock, random: () => 1, sleep: async () => Promise.resolve() };
  let calls = 0;
  const send: Send = async () => {
    calls++;
    clock += 900_000;
    return Promise.resolve(answer(504));
  };
  assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 504);
  assert.equal(calls, 2);
});

test('PATCH is never sent again, nor what asks for an answer now', async () => {
  for (const extra of [{ method: 'PATCH' }, { retry: 'never' }] as const) {
    const send = script(answer(503));
    assert.equal((await withRetry(send, usualRetries, fakeTiming(), silentLogger)(request(extra))).status, 503);
  }
});

test('Retry-After is honoured in seconds and as a date, by the server’s own clock', () => {
  const clock = { now: () => Date.parse('2026-11-24T10:00:00Z'), random: () => 0 };
  const wait = (value: string, date?: string): number | undefined => {
    const headers = { 'retry-after': value, ...(date !== undefined && { date }) };
    return new Retries(usualRetries, clock).after({ response: answer(429, headers) });
  };
  assert.equal(wait('7'), 7000);
  assert.equal(wait('Tue, 24 Nov 2026 10:00:09 GMT'), 9000);
  assert.equal(wait('Tue, 24 Nov 2026 12:00:09 GMT', 'Tue, 24 Nov 2026 12:00:00 GMT'), 9000);
  for (const nothing of ['soon', '', '-1', '99999999999999999999', '0']) assert.equal(wait(nothing), 250, nothing);
});

test('a registry that asks for no wait at all is not asked without end', async () => {
  const timing = fakeTiming();
  const send: Send = async () => Promise.resolve(answer(503, { 'retry-after': '0' }));
  assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 503);
  assert.ok(timing.waits.length < 20);
});

test('a wait beyond the budget is not begun', async () => {
  const timing = fakeTiming();
  const send = script(answer(503, { 'retry-after': '3600' }));
  assert.equal((await withRetry(send, usualRetries, timing, silentLogger)(request())).status, 503);
  assert.deepEqual(timing.waits, []);
});

test('what is left of the budget counts: two waits of 50 seconds are not made', async () => {
  const timing = fakeTiming();
  const busy = answer(429, { 'retry-after': '50' });
  assert.equal((await withRetry(script(busy, busy), usualRetries, timing, silentLogger)(request())).status, 429);
  assert.deepEqual(timing.waits, [50_000]);
});

test('a deadline of the caller ends the waiting with what was seen last, and not as a cancel', async () => {
  const deadline = new AbortController();
  const timing: Timing = {
    ...fakeTiming(),
    sleep: async () => {
      deadline.abort(new DOMException('too late', 'TimeoutError'));
      return Promise.reject(new TeaChestError('cancelled', 'Cancelled.'));
    },
  };
  const asked = request({ signal: deadline.signal });
  await assert.rejects(withRetry(script(unreachable), usualRetries, timing, silentLogger)(asked), {
    code: 'registryUnreachable',
  });
});

test('a cancel while waiting ends it', async () => {
  const timing = { ...fakeTiming(), sleep: async () => Promise.reject(new TeaChestError('cancelled', 'Cancelled.')) };
  await assert.rejects(withRetry(script(unreachable), usualRetries, timing, silentLogger)(request()), {
    code: 'cancelled',
  });
});

test('a cancel ends a real wait at once', async () => {
  const cancel = new AbortController();
  const timing: Timing = { now: Date.now, random: () => 1, sleep };
  const patient = { ...usualRetries, firstWait: 3_600_000, longestWait: 3_600_000, budget: 7_200_000 };
  const waiting = withRetry(script(unreachable), patient, timing, silentLogger)(request({ signal: cancel.signal }));
  setImmediate(() => {
    cancel.abort();
  });
  await assert.rejects(waiting, { code: 'cancelled' });
});
