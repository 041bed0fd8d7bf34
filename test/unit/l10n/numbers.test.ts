import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import * as l10n from '@vscode/l10n';
import { formatCount, formatNumber } from '../../../src/core/base/formatNumber.ts';
import type { PushRecord } from '../../../src/core/push/record/pushRecord.ts';
import { noSamples } from '../../../src/core/push/record/rateSamples.ts';
import { runNode } from '../../../src/host/views/pushes/pushNodes.ts';
import { setTextLanguage } from '../../../src/core/base/textLanguage.ts';
import { readTexts } from '../../tools/translations/languages.ts';
import { env, l10n as texts, useFakeVscode } from '../host/support/fakeVscode.ts';

useFakeVscode();
const { pushRow } = await import('../../../src/host/views/pushes/pushRow.ts');
const { formatBytes, formatDate } = await import('../../../src/host/progress/format.ts');
const { describeDuration } = await import('../../../src/host/progress/pushText.ts');

const timeZone = process.env['TZ'];

suite('numbers and dates in the language of the texts', () => {
  before(() => {
    process.env['TZ'] = 'Europe/Berlin';
  });
  after(() => {
    l10n.config({ contents: {} });
    setTextLanguage('en');
    if (timeZone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = timeZone;
  });

  test('in English they have a point', () => {
    assert.deepEqual([formatNumber(1.84, 1), formatCount(1_790_000_000)], ['1.8', '1,790,000,000']);
    assert.deepEqual([formatBytes(1_790_000_000), describeDuration(9.4)], ['1.8 GB', '9.4 s']);
    // Unicode has a narrow blank before AM.
    assert.equal(formatDate('2026-11-26T07:52:20.5Z').replace(/\s/g, ' '), 'Nov 26, 2026, 8:52:20 AM GMT+1');
    assert.deepEqual([formatDate('once'), formatDate('')], ['once', '']);
  });

  test('in German they have a comma, as soon as the texts are loaded', async () => {
    env.language = 'de';
    texts.bundle = readTexts('code', 'de');
    await import('../../../src/host/messages/loadMessages.ts');
    assert.deepEqual([formatNumber(1.84, 1), formatCount(1_790_000_000)], ['1,8', '1.790.000.000']);
    assert.deepEqual([formatBytes(1_790_000_000), describeDuration(9.4)], ['1,8 GB', '9,4 s']);
    assert.deepEqual(
      ['2026-11-26T07:52:20Z', Date.UTC(2026, 6, 1)].map(formatDate),
      ['26.11.2026, 08:52:20 MEZ', '01.07.2026, 02:00:00 MESZ'],
      'in the time of this machine, which is said',
    );
    const endedAt = Date.UTC(2026, 10, 26, 7, 52, 20);
    const record: PushRecord = {
      ...{ id: '1', state: 'failed', queuedAt: endedAt - 9_400, endedAt, images: [], samples: noSamples },
      progress: { enginePreparing: false, sentBytes: 0 },
    };
    const { tooltip } = pushRow(runNode(record), { now: endedAt, isHere: true, hasPage: () => false });
    assert.match(typeof tooltip === 'string' ? '' : (tooltip?.value ?? ''), /`26\.11\.2026, 08:52:20 MEZ` \(9,4 s\)$/);
    assert.deepEqual([formatBytes(999_600), formatBytes(5e15)], ['1,0 MB', '5000 TB']);
  });
});
