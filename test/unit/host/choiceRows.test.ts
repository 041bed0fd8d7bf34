import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { choiceRow, choiceRows, type Choice, type ChoiceRow, type Typed } from '../../../src/host/input/choiceRows.ts';
import { judgeOwner } from '../../../src/host/targets/settleTarget.ts';

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
  test('are all choices before anything is typed', () => {
    assert.deepEqual(choiceRows(choices, '', owner), choices.map(choiceRow));
  });

  test('are what was typed, where it fits nothing', () => {
    const rows = choiceRows(choices, 'guild', owner);
    assert.deepEqual(rows, [choiceRow({ label: 'guild', description: 'as typed', value: 'guild' })]);
  });

  test('are the choices that fit, the best first, and then what was typed is none', () => {
    assert.deepEqual(labels(choiceRows(images, 'armv7', asTyped)), ['armv7-tools:2', 'tool:armv7']);
    assert.deepEqual(labels(choiceRows(images, 'app', asTyped)), ['app:1', 'apps/app:2']);
    assert.deepEqual(labels(choiceRows(images, 'APPS/APP:2', asTyped)), ['apps/app:2']);
    assert.deepEqual(labels(choiceRows(choices, 'te', owner)), ['team', 'my-team']);
    assert.deepEqual(labels(choiceRows(choices, 'Dev', owner)), ['dev']);
  });

  test('are found by the words of their descriptions as well', () => {
    assert.deepEqual(labels(choiceRows(choices, 'you', owner)), ['dev']);
    const sized = [{ label: 'app:1', description: '12 MB · 2 days ago', value: 'app:1' }];
    assert.deepEqual(labels(choiceRows(sized, 'app 12', asTyped)), ['app:1']);
  });

  test('are shown by VS Code whatever its own filter finds, and in no other list than this', () => {
    for (const row of choiceRows(choices, 'te', owner)) assert.equal(row.alwaysShow, true);
  });

  test('keep a way on below what fits', () => {
    const more: Choice<string> = { label: 'Another owner…', always: true, value: '' };
    assert.deepEqual(labels(choiceRows([...choices, more], 'te', owner)), ['team', 'my-team', 'Another owner…']);
    assert.deepEqual(labels(choiceRows([...choices, more], 'guild', owner)), ['guild', 'Another owner…']);
  });

  test('say why a text cannot be one, by a row that is no choice', () => {
    const [reason, ...others] = choiceRows(choices, 'no team', owner);
    assert.ok(reason !== undefined && reason.choice === undefined);
    assert.match(reason.label, /^\$\(error\) “no team” cannot be an owner/);
    assert.equal(reason.alwaysShow, true);
    assert.deepEqual(others, []);
  });
});
