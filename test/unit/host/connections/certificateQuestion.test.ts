import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { certificateQuestion, groupFingerprint } from '../../../../src/host/connections/certificateQuestion.ts';

const hex = '00112233445566778899aabbccddeeff'.repeat(2);

suite('a fingerprint', () => {
  test('is shown in four lines of eight bytes', () => {
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
