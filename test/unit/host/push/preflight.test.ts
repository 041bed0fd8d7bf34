import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { refusalRow } from '../../../../src/host/push/preflight.ts';

suite('a refusal in a list', () => {
  const row = (message: string, facts = {}): ReturnType<typeof refusalRow> =>
    refusalRow(new TeaChestError('accessDenied', message, { facts }));

  test('is its first clause, and below it the rest', () => {
    assert.deepEqual(row('You may not push to dev, which is 1.2 years old. Ask for it.'), {
      label: 'You may not push to dev',
      detail: 'which is 1.2 years old. Ask for it.',
    });
    assert.deepEqual(row('You may not push to dev.'), { label: 'You may not push to dev.', detail: '' });
  });

  test('is divided at the punctuation of Chinese and Japanese, too', () => {
    assert.deepEqual(row('您不能推送到 dev。请联系管理员。'), {
      label: '您不能推送到 dev',
      detail: '请联系管理员。',
    });
    assert.deepEqual(row('dev にはプッシュできません。管理者に連絡してください。'), {
      label: 'dev にはプッシュできません',
      detail: '管理者に連絡してください。',
    });
  });

  test('proposes a similar owner in place of the rest', () => {
    assert.equal(row('There is no owner dve.', { suggestion: 'dev' })?.detail, 'Did you mean “dev”?');
  });
});
