import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chooseFileOnce } from '../support/fakeFileDialog.ts';
import { lastButtons, press, takeShown, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { consent } = await import('../../../../src/host/connections/consent.ts');
const { askModalWarning } = await import('../../../../src/host/display/messages.ts');

const question = { message: 'Nobody vouches for the certificate of h. Trust it?', detail: ['Issued to: h'] };

suite('a question about trust', () => {
  test('of a certificate has an answer for Enter that trusts nothing, and closing it trusts nothing', async () => {
    assert.equal(await consent.toCertificate(question), undefined);
    // VS Code focuses the first button.
    assert.deepEqual(lastButtons(), ['Choose CA File…', 'Trust This Certificate']);
    press('Trust This Certificate');
    assert.equal(await consent.toCertificate(question), 'trust');
  });

  test('of a certificate is asked again if the person chooses no CA file', async () => {
    chooseFileOnce('/ca.pem');
    press('Choose CA File…');
    assert.deepEqual(await consent.toCertificate(question), { caFile: '/ca.pem' });
    takeShown();
    press('Choose CA File…');
    assert.equal(await consent.toCertificate(question), undefined);
    assert.equal(takeShown().filter(({ text }) => text === question.message).length, 2);
  });

  test('in a warning has an answer for Enter that does nothing', async () => {
    const answers = { yes: 'Trust It Anyway', no: 'Do Not Connect' };
    assert.equal(await askModalWarning('m', [], answers), false);
    assert.deepEqual(lastButtons(), ['Do Not Connect', 'Trust It Anyway']);
    press('Trust It Anyway');
    assert.equal(await askModalWarning('m', [], answers), true);
  });
});
