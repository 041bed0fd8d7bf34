import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogOutputChannel } from 'vscode';
import { createLogger, withoutCredentials } from '../../../src/host/log.ts';

suite('the log', () => {
  test('blots out credentials, whoever wrote them', () => {
    const samples: readonly (readonly [string, string])[] = [
      ['GET https://joe:hunter2@h.example/v2/', 'GET https://…@h.example/v2/'],
      ['proxy http://user:hunter2@proxy:3128 failed', 'proxy http://…@proxy:3128 failed'],
      ['authorization: Basic am9lOmh1bnRlcjI=', 'authorization: …'],
      ['{"Authorization":"Bearer eyJh.eyJi.c2ln"}', '{"Authorization":"…"}'],
      ['sent Bearer eyJhbGciOi.eyJVc2Vy.c2lnbmF0', 'sent Bearer …'],
    ];
    for (const [line, blotted] of samples) assert.equal(withoutCredentials(line), blotted);
  });

  test('takes no line any more once its channel is closed, and lets nobody fail for that', () => {
    const closed = (): never => {
      throw new Error('Channel has been closed');
    };
    const lines = { trace: closed, debug: closed, info: closed, warn: closed, error: closed };
    const logger = createLogger(lines as Partial<LogOutputChannel> as LogOutputChannel);
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level]('too late');
  });

  test('leaves ordinary lines alone', () => {
    const line = 'PATCH https://h.example/v2/dev/app/blobs/uploads/abc → 202 in 12 ms (basic auth wanted)';
    assert.equal(withoutCredentials(line), line);
  });
});
