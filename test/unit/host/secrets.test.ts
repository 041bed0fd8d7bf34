import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogOutputChannel } from 'vscode';
import { normalizeFingerprint } from '../../../src/core/registry/http/fingerprint.ts';
import { certificateQuestion } from '../../../src/host/connections/certificateQuestion.ts';
import { groupFingerprint } from '../../../src/host/connections/fingerprint.ts';
import { createLogger, withoutCredentials } from '../../../src/host/log.ts';

const hex = '00112233445566778899aabbccddeeff'.repeat(2);

suite('fingerprints', () => {
  test('are read with or without colons, prefix, spaces, in any case', () => {
    const colons = hex.match(/../g)?.join(':').toUpperCase() ?? '';
    for (const text of [hex, colons, `SHA256:${colons}`, `sha-256 fingerprint=${colons}`, ` ${hex.toUpperCase()}\n`]) {
      assert.equal(normalizeFingerprint(text), hex);
    }
  });

  test('anything else is none', () => {
    for (const text of ['', 'sha256:', hex.slice(1), `${hex}0`, hex.replace('0', 'g')]) {
      assert.equal(normalizeFingerprint(text), undefined);
    }
  });

  test('are shown in four lines of eight bytes', () => {
    assert.equal(groupFingerprint(hex)[1], '88:99:AA:BB:CC:DD:EE:FF');
  });
});

suite('the question about a certificate', () => {
  const certificate = {
    subject: 'CN=gitea.lan',
    issuer: 'CN=gitea.lan',
    validFrom: '2026-01-01T00:00:00.000Z',
    validTo: '2027-01-01T00:00:00.000Z',
    names: ['gitea.lan', '10.0.0.5'],
    fingerprint256: hex,
    problem: 'it is self-signed',
  };

  test('shows all that a person needs to compare', () => {
    const { detail } = certificateQuestion('gitea.lan', certificate, undefined);
    for (const part of ['self-signed', 'CN=gitea.lan', '2026-01-01', '2027-01-01', '10.0.0.5', '00:11:22:33']) {
      assert.ok(detail.join('\n').includes(part), part);
    }
  });

  test('a changed certificate says that it changed', () => {
    const former = 'ab'.repeat(32);
    const changed = certificateQuestion('gitea.lan', certificate, former);
    assert.match(changed.message, /not the one you trusted before/);
    const [before, now] = changed.detail.join('\n').split('Shown now:');
    assert.ok(before?.includes(`trusted before:\n${groupFingerprint(former).join('\n')}`), 'the former fingerprint');
    assert.ok(now?.includes(groupFingerprint(certificate.fingerprint256).join('\n')), 'the new one');
  });
});

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
