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

  test('end with what was typed where it fits nothing, so that each choice keeps its number', () => {
    const rows = choiceRows(choices, 'guild', owner);
    const [typed, others] = [rows.at(-1), rows.slice(0, -1)];
    const choice = { label: 'guild', description: 'as typed', value: 'guild' };
    assert.deepEqual(typed, { ...choiceRow(choice), alwaysShow: true });
    assert.deepEqual(others, choices.map(choiceRow));
  });

  test('keep the row that leads on while a choice fits, and hide it where the typed text takes its place', () => {
    const more: Choice<string> = { label: '…', description: 'Another owner', always: true, value: '' };
    const fitting = choiceRows([...choices, more], 'te', owner);
    assert.deepEqual(labels(fitting), ['dev', 'team', 'my-team', '…']);
    assert.equal(fitting.at(-1)?.alwaysShow, true);
    const rows = choiceRows([...choices, more], 'guild', owner);
    assert.deepEqual(labels(rows), ['dev', 'team', 'my-team', '…', 'guild']);
    assert.deepEqual([rows.at(-2)?.alwaysShow, rows.at(-1)?.alwaysShow], [undefined, true]);
    assert.equal(rows.at(-2)?.choice, more);
  });

  test('say why a text cannot be one, by a row that is no choice', () => {
    const rows = choiceRows(choices, 'no team', owner);
    const [reason, others] = [rows.at(-1), rows.slice(0, -1)];
    assert.ok(reason !== undefined && reason.choice === undefined);
    assert.match(reason.label, /^\$\(error\) “no team” cannot be an owner/);
    assert.equal(reason.alwaysShow, true);
    assert.deepEqual(others, choices.map(choiceRow));
  });
});
