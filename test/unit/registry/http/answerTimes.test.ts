import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withAnswerTimes } from '../../../../src/core/registry/http/answerTimes.ts';
import { bytesBody, type Send } from '../../../../src/core/registry/http/httpTypes.ts';

const url = new URL('https://gitea.test/v2/');
const { signal } = new AbortController();

test('the time of an answer is reported for requests without a body: those with one take as long as the link needs', async () => {
  let now = 1000;
  const times: number[] = [];
  const answer: Send = () => {
    now += 80;
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(0), url });
  };
  const send = withAnswerTimes(
    answer,
    (ms) => times.push(ms),
    () => now,
  );
  await send({ method: 'GET', url, signal });
  await send({ method: 'PUT', url, signal, body: bytesBody(Buffer.alloc(9)) });
  await send({ method: 'GET', url, signal, stream: true });
  assert.deepEqual(times, [80]);
});

test('a request that fails is no answer', async () => {
  const times: number[] = [];
  const send = withAnswerTimes(
    () => Promise.reject(new Error('no connection')),
    (ms) => times.push(ms),
    () => 0,
  );
  await assert.rejects(send({ method: 'GET', url, signal }), /no connection/);
  assert.deepEqual(times, []);
});
