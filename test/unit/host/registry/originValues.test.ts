import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as v from 'valibot';
import { chunkState } from '../../../../src/core/registry/upload/chunkSizer.ts';
import { OriginValues } from '../../../../src/host/registry/originValues.ts';
import { memento } from '../support/hostFakes.ts';

const here = 'https://one.example';
const there = 'https://two.example';

suite('values of registries', () => {
  test('numbers of a registry that is not saved are not kept', async () => {
    const saved = new Set([here]);
    const numbers = new OriginValues(memento(), 'numbers', v.number(), (origin) => saved.has(origin));
    numbers.set(here, 1);
    numbers.set(there, 2);
    assert.deepEqual([numbers.get(here), numbers.get(there)], [1, undefined]);
    saved.delete(here);
    await numbers.forgetRegistry(here);
    numbers.set(here, 3);
    assert.equal(numbers.get(here), undefined);
  });

  test('what is known of chunks is kept with the limit that was met, and nothing else is taken for it', () => {
    const state = memento();
    const limit = { bytes: 4_000_000, times: 2, until: 1_764_000_000_000 };
    new OriginValues(state, 'chunks', chunkState).set(here, { size: 2_000_000, limit });
    assert.deepEqual(new OriginValues(state, 'chunks', chunkState).get(here), { size: 2_000_000, limit });
    for (const other of [7, 'x', null, {}, { size: -1 }, { size: 1.5 }]) {
      void state.update(`chunks ${here}`, other);
      assert.equal(new OriginValues(state, 'chunks', chunkState).get(here), undefined);
    }
    void state.update(`chunks ${here}`, { size: 5, limit: { bytes: 'x', times: 1, until: 1 } });
    assert.deepEqual(new OriginValues(state, 'chunks', chunkState).get(here), { size: 5, limit: undefined });
  });
});
