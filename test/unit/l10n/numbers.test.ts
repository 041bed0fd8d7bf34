import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import * as l10n from '@vscode/l10n';
import { formatCount, formatNumber, setNumberLanguage } from '../../../src/core/base/formatNumber.ts';
import { readTexts } from '../../tools/translations/languages.ts';
import { env, l10n as texts, useFakeVscode } from '../host/support/fakeVscode.ts';

useFakeVscode();
const { formatBytes } = await import('../../../src/host/progress/format.ts');
const { describeDuration } = await import('../../../src/host/progress/pushText.ts');

suite('numbers in the language of the texts', () => {
  after(() => {
    l10n.config({ contents: {} });
    setNumberLanguage('en');
  });

  test('in English they have a point', () => {
    assert.deepEqual([formatNumber(1.84, 1), formatCount(1_790_000_000)], ['1.8', '1,790,000,000']);
    assert.deepEqual([formatBytes(1_790_000_000), describeDuration(9.4)], ['1.8 GB', '9.4 s']);
  });

  test('in German they have a comma, as soon as the texts are loaded', async () => {
    env.language = 'de';
    texts.bundle = readTexts('code', 'de');
    await import('../../../src/host/messages/loadMessages.ts');
    assert.deepEqual([formatNumber(1.84, 1), formatCount(1_790_000_000)], ['1,8', '1.790.000.000']);
    assert.deepEqual([formatBytes(1_790_000_000), describeDuration(9.4)], ['1,8 GB', '9,4 s']);
    assert.deepEqual([formatBytes(999_600), formatBytes(5e15)], ['1,0 MB', '5000 TB']);
  });
});
