import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { explainOwner } from '../../../../src/host/push/explainOwner.ts';
import { connectionTo, ownersNamed } from '../support/hostFakes.ts';

const connection = connectionTo('https://gitea.test');

async function failureFor(
  owner: string,
  names: readonly string[],
  code: 'ownerNotFound' | 'accessDenied' = 'ownerNotFound',
) {
  const error = new TeaChestError(code, `There is no owner “${owner}”.`, { stage: 'plan', facts: { host: 'h' } });
  const access = {
    owners: () => Promise.resolve(ownersNamed(names)),
    explainDenied: (_: unknown, denied: TeaChestError) => Promise.resolve(denied),
  };
  return (await explainOwner(error, { connection, repository: `${owner}/app` }, access)) as TeaChestError;
}

suite('an owner that does not exist', () => {
  test('is reported with the most similar one that the person may push to', async () => {
    for (const typed of ['tema', 'teams', 'taem', 'eam', 'txam']) {
      const { message, code, stage, facts } = await failureFor(typed, ['dev', 'team', 'my-team']);
      assert.equal(message, `There is no owner “${typed}”. Did you mean “team”?`);
      assert.deepEqual([code, stage, facts], ['ownerNotFound', 'plan', { host: 'h', suggestion: 'team' }]);
    }
  });

  test('is reported alone if none is similar, and nothing is added to other failures', async () => {
    assert.equal((await failureFor('guild', ['dev', 'team'])).message, 'There is no owner “guild”.');
    assert.equal((await failureFor('a', ['bcd'])).message, 'There is no owner “a”.');
    assert.equal((await failureFor('teams', ['team'], 'accessDenied')).message, 'There is no owner “teams”.');
  });
});
