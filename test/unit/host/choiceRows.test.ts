import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { choiceRows, type Choice, type Typed } from '../../../src/host/input/choiceRows.ts';
import { judgeOwner } from '../../../src/host/targets/settleTarget.ts';

const choices: readonly Choice<string>[] = [{ label: 'dev', value: 'dev' }];

function owner(text: string): Typed<string> {
  const { problem } = judgeOwner(text);
  return problem === undefined ? { label: text.toLowerCase(), description: 'as typed', value: text } : { problem };
}

suite('the rows of a list that takes typed text', () => {
  test('end with what was typed, and have nothing more before anything is', () => {
    assert.deepEqual(choiceRows(choices, '', owner), choices);
    const [, typed, ...others] = choiceRows(choices, 'team', owner);
    assert.deepEqual(typed, { label: 'team', description: 'as typed', value: 'team', alwaysShow: true });
    assert.deepEqual(others, []);
  });

  test('do not show twice what is among the choices', () => {
    assert.deepEqual(choiceRows(choices, 'Dev', owner), choices);
  });

  test('say why a text cannot be one, by a row that is no choice', () => {
    const [, reason] = choiceRows(choices, 'my team', owner);
    assert.ok(reason !== undefined && !('value' in reason));
    assert.match(reason.label, /“my team” cannot be an owner.*Try “my-team”/);
    assert.equal(reason.alwaysShow, true);
  });
});
