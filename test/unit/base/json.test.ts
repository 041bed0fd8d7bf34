import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as v from 'valibot';
import { lenient, listOf, parseJson, readValue } from '../../../src/core/base/json.ts';

suite('JSON from outside', () => {
  const named = v.object({ name: v.string() });

  test('is what the schema says, or nothing', () => {
    assert.deepEqual(parseJson(named, '{"name":"a","more":1}'), { name: 'a' });
    assert.equal(parseJson(named, '{"name":1}'), undefined);
    assert.equal(parseJson(named, '{"name":'), undefined);
    assert.equal(parseJson(named, 'null'), undefined);
  });

  test('may be bytes, with a byte order mark or without', () => {
    const text = '{"name":"ä"}';
    assert.deepEqual(parseJson(named, Buffer.from(text)), { name: 'ä' });
    assert.deepEqual(parseJson(named, Buffer.from(`\uFEFF${text}`)), { name: 'ä' });
  });

  test('a lenient member that is missing or wrong hides no other', () => {
    const schema = v.object({ name: v.string(), size: lenient(v.number()) });
    assert.deepEqual(readValue(schema, { name: 'a' })?.name, 'a');
    assert.deepEqual(readValue(schema, { name: 'a', size: '7' })?.size, undefined);
    assert.deepEqual(readValue(schema, { name: 'a', size: 7 })?.size, 7);
  });

  test('an odd item of a list hides no other, and no list is an empty one', () => {
    const schema = v.object({ rows: listOf(named) });
    assert.deepEqual(readValue(schema, { rows: [{ name: 'a' }, 7, null, { name: 1 }, { name: 'b' }] }), {
      rows: [{ name: 'a' }, { name: 'b' }],
    });
    assert.deepEqual(readValue(schema, { rows: 'a' }), { rows: [] });
    assert.deepEqual(readValue(schema, {}), { rows: [] });
  });
});
