import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { changeSetting, useFakeVscode, workspace } from '../support/fakeVscode.ts';
import { matchesReference, readPushRules, ruleFor } from '../../../../src/host/automation/pushOnBuild/pushRule.ts';

useFakeVscode();
const { pushOnBuildRules } = await import('../../../../src/host/config.ts');

suite('the rules of push on build', () => {
  for (const [pattern, matching, others] of [
    ['app:1', ['app:1', 'localhost/app:1'], ['app:12', 'app:2', 'x/app:1', 'apps:1']],
    ['app', ['app:1', 'app:latest'], ['x/app:1', 'app2:1']],
    ['app:*', ['app:1', 'app:'], ['app2:1']],
    ['team/*', ['team/app:1'], ['team/a/b:1', 'team2/app:1', 'team:1']],
    ['team/**', ['team/app:1', 'team/a/b:1'], ['other/app:1']],
    [
      'gitea.test:3000/*/app:v?',
      ['gitea.test:3000/dev/app:v1'],
      ['giteaxtest:3000/dev/app:v1', 'gitea.test:3000/dev/app:v12'],
    ],
    ['a+b(c)', ['a+b(c):1'], ['aab(c):1']],
    ['**', ['app:1', 'a/b/c:1'], []],
  ] as const) {
    test(`“${pattern}” matches ${matching.join(', ')}`, () => {
      for (const reference of matching) assert.ok(matchesReference(pattern, reference), reference);
      for (const reference of others) assert.ok(!matchesReference(pattern, reference), reference);
    });
  }

  test('are read from the setting, without what is none', () => {
    const rules = readPushRules([
      { reference: ' app ' },
      'app',
      { target: 'x' },
      { reference: '' },
      { reference: 'b', target: 'h/o' },
    ]);
    assert.deepEqual(rules, [{ reference: 'app' }, { reference: 'b', target: 'h/o' }]);
    for (const setting of [undefined, null, 'app', {}]) assert.deepEqual(readPushRules(setting), []);
  });

  test('the first that matches counts', () => {
    const rules = [{ reference: 'app:dev', target: 'a/b' }, { reference: 'app' }];
    assert.equal(ruleFor(rules, 'app:dev'), rules[0]);
    assert.equal(ruleFor(rules, 'app:1'), rules[1]);
    assert.equal(ruleFor(rules, 'tool:1'), undefined);
  });

  test('are none in a folder that is not trusted, whoever has written the setting', (t) => {
    t.after(() => (workspace.isTrusted = true));
    changeSetting('teaChest.pushOnBuild', [{ reference: 'app' }]);
    assert.deepEqual(pushOnBuildRules(), [{ reference: 'app' }]);
    workspace.isTrusted = false;
    assert.deepEqual(pushOnBuildRules(), []);
  });
});
