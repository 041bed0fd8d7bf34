import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TeaChestError, toTeaChestError } from '../../../../src/core/base/errors.ts';
import { judgeName, settleTarget } from '../../../../src/host/targets/settleTarget.ts';
import { warnOfOthers, withWarningOfOthers } from '../../../../src/host/targets/suggestedName.ts';

const references = ['x--y:1', 'x-y:1', 'gitea.test/team/x-y:2', 'other:1'];

function refusalOf(repository: string): TeaChestError {
  try {
    settleTarget({ host: 'gitea.test', repository, tag: '1' }, 'gitea');
  } catch (error) {
    return toTeaChestError(error);
  }
  return assert.fail('it should be refused');
}

suite('a name that is suggested instead of one that Gitea refuses', () => {
  test('has a warning that another image has it, while it is typed', () => {
    const judged = judgeName('x--y', 'gitea', (name) => warnOfOthers(name, 'x--y:1', references));
    assert.match(
      judged.problem ?? '',
      /Try “x-y”\. But “x-y” is also the name of another image here, of x-y:1 and of 1 more/,
    );
    const alone = judgeName('x--y', 'gitea', (name) => warnOfOthers(name, 'x--y:1', ['x--y:1', 'other:1']));
    assert.match(alone.problem ?? '', /Try “x-y”\.$/);
  });

  test('has the warning in the error of a command, which keeps its facts', () => {
    const refusal = refusalOf('dev/x--y');
    const warned = withWarningOfOthers(refusal, 'x--y:1', references);
    assert.ok(warned instanceof TeaChestError);
    assert.match(warned.message, /The nearest that works is “gitea\.test\/dev\/x-y:1”\. But “x-y” is also the name/);
    assert.deepEqual([warned.code, warned.stage, warned.facts], [refusal.code, refusal.stage, refusal.facts]);
  });

  test('may be the name of the pushed image itself, or nobody’s', () => {
    assert.equal(warnOfOthers('x-y', 'x-y:7', ['x-y:1', 'x-y:7']), undefined);
    assert.match(warnOfOthers('x-y', `sha256:${'a'.repeat(64)}`, ['x-y:1']) ?? '', /of x-y:1: pushed/);
    assert.equal(warnOfOthers('x-y', 'x--y:1', []), undefined);
  });

  test('is of no concern to other failures', () => {
    const other = new TeaChestError('notSignedIn', 'No.', { facts: { suggestion: 'gitea.test/dev/x-y:1' } });
    assert.equal(withWarningOfOthers(other, 'x--y:1', references), other);
    const without = refusalOf('-/x');
    assert.equal(withWarningOfOthers(without, 'x--y:1', references), without);
    assert.equal(withWarningOfOthers('broken', 'x--y:1', references), 'broken');
  });
});
