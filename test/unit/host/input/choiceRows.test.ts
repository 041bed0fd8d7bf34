import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  choiceRow,
  choiceRows,
  type Choice,
  type ChoiceRow,
  type Typed,
} from '../../../../src/host/input/choiceRows.ts';
import { judgeOwner } from '../../../../src/host/targets/settleTarget.ts';

const dev: Choice<string> = { label: 'dev', description: 'you', value: 'dev' };
const choices = [dev, { label: 'team', value: 'team' }, { label: 'my-team', value: 'my-team' }];

const images = ['tool:armv7', 'app:1', 'armv7-tools:2', 'apps/app:2'].map((label) => ({ label, value: label }));

function owner(text: string): Typed<string> {
  const { problem } = judgeOwner(text);
  return problem === undefined ? { label: text.toLowerCase(), description: 'as typed', value: text } : { problem };
}

function asTyped(text: string): Typed<string> {
  return { label: text, description: 'as typed', value: text };
}

function labels(rows: readonly ChoiceRow<string>[]): readonly string[] {
  return rows.map(({ label }) => label);
}

suite('the rows of a list that takes typed text', () => {
  test('are all choices, in their order, while one of them fits what was typed: VS Code hides and sorts', () => {
    for (const text of ['', 'te', 'Dev', 'dev', 'you', 'y-te']) {
      assert.deepEqual(choiceRows(choices, text, owner), choices.map(choiceRow), text);
    }
    for (const text of ['armv7', 'app', 'APPS/APP:2']) {
      assert.deepEqual(labels(choiceRows(images, text, asTyped)), labels(images.map(choiceRow)), text);
    }
    // Whoever is shown always would be taken by an Enter that comes before its row is gone.
    for (const row of choiceRows(choices, 'te', owner)) assert.equal(row.alwaysShow, undefined);
  });

  test('begin with what was typed where it fits nothing', () => {
    const [typed, ...others] = choiceRows(choices, 'guild', owner);
    const choice = { label: 'guild', description: 'as typed', value: 'guild' };
    assert.deepEqual(typed, { ...choiceRow(choice), alwaysShow: true });
    assert.deepEqual(others, choices.map(choiceRow));
  });

  test('keep the row that leads on, although it matches nothing', () => {
    const more: Choice<string> = { label: '…', description: 'Another owner', always: true, value: '' };
    const rows = choiceRows([...choices, more], 'owner', owner);
    assert.deepEqual(labels(rows), ['owner', 'dev', 'team', 'my-team', '…']);
    assert.equal(rows.at(-1)?.alwaysShow, true);
  });

  test('say why a text cannot be one, by a row that is no choice', () => {
    const [reason, ...others] = choiceRows(choices, 'no team', owner);
    assert.ok(reason !== undefined && reason.choice === undefined);
    assert.match(reason.label, /^\$\(error\) “no team” cannot be an owner/);
    assert.equal(reason.alwaysShow, true);
    assert.deepEqual(others, choices.map(choiceRow));
  });
});
