import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { interpolate } from '../../../src/core/compose/interpolate.ts';

const values: Readonly<Record<string, string>> = { TAG: '1.2', EMPTY: '', REGISTRY: 'gitea.test/dev', N: 'TAG' };
const variables = (name: string): string | undefined => values[name];

suite('variables in a compose file', () => {
  // The results are those of `docker compose config` (compose-spec, 12-interpolation.md).
  for (const [text, expected] of [
    ['app:1', 'app:1'],
    ['app:$TAG', 'app:1.2'],
    ['${REGISTRY}/app:${TAG}', 'gitea.test/dev/app:1.2'],
    ['app:${MISSING:-latest}', 'app:latest'],
    ['app:${EMPTY:-latest}', 'app:latest'],
    ['app:${EMPTY-latest}', 'app:'],
    ['app:${MISSING-latest}', 'app:latest'],
    ['app:${TAG:+$TAG-x}', 'app:1.2-x'],
    ['app${EMPTY:+:x}${EMPTY+:y}${MISSING+:z}', 'app:y'],
    ['app:${MISSING:-${TAG:-none}-a}', 'app:1.2-a'],
    ['a$$TAG', 'a$TAG'],
    ['${TAG?no tag}', '1.2'],
    ['$TAG.x', '1.2.x'],
  ] as const) {
    test(`${text} is ${expected}`, () => {
      assert.deepEqual(interpolate(text, variables), { text: expected, unset: [] });
    });
  }

  test('that are not set stand for nothing, and are named', () => {
    assert.deepEqual(interpolate('a:$NONE${OTHER}', variables), { text: 'a:', unset: ['NONE', 'OTHER'] });
  });

  test('that must be set are an error with its own words', () => {
    assert.throws(() => interpolate('${NONE:?give a tag}', variables), /needs the variable NONE: give a tag/);
    assert.throws(() => interpolate('${EMPTY:?}', variables), /needs the variable EMPTY$/);
  });

  test('that are not complete are an error', () => {
    for (const text of ['${', '${TAG', '$', 'a:$-', '${1}', '${TAG!x}', '${TAG:-${N}']) {
      assert.throws(() => interpolate(text, variables), /not complete/, text);
    }
  });

  test('any text ends in a result or an error of ours', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('$', '{', '}', ':-', '?', '+', 'TAG', 'x', '$$')), (parts) => {
        const text = parts.join('');
        try {
          assert.equal(typeof interpolate(text, variables).text, 'string');
        } catch (error) {
          assert.match(String(error), /not complete|needs the variable/);
        }
      }),
    );
  });
});
