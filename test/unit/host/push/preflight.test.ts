import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { refusalRow } from '../../../../src/host/push/preflight.ts';

suite('a refusal in a list', () => {
  const row = (message: string, facts = {}): ReturnType<typeof refusalRow> =>
    refusalRow(new TeaChestError('accessDenied', message, { facts }));

  test('is its first sentence, and below it the rest', () => {
    assert.deepEqual(row('You may not push to dev, which is 1.2 years old, on gitea.example.com:3000. Ask for it.'), {
      label: 'You may not push to dev, which is 1.2 years old, on gitea.example.com:3000.',
      detail: 'Ask for it.',
    });
    assert.deepEqual(row('You may not push to dev.'), { label: 'You may not push to dev.', detail: '' });
  });

  test('is divided at the full stop of Chinese and Japanese, too', () => {
    assert.deepEqual(row('您不能推送到 dev，因为它是私有的。请联系管理员。'), {
      label: '您不能推送到 dev，因为它是私有的。',
      detail: '请联系管理员。',
    });
    assert.deepEqual(row('dev にはプッシュできません。管理者に連絡してください。'), {
      label: 'dev にはプッシュできません。',
      detail: '管理者に連絡してください。',
    });
  });

  test('proposes a similar owner first, and keeps the rest', () => {
    const said = row('There is no owner dve, or none that you may see. Ask for it. Did you mean “dev”?', {
      suggestion: 'dev',
    });
    assert.deepEqual(said, {
      label: 'There is no owner dve, or none that you may see.',
      detail: 'Did you mean “dev”? Ask for it.',
    });
  });
});
