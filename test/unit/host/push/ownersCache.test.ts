import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OwnersCache } from '../../../../src/host/push/ownersCache.ts';
import { connectionTo, ownersNamed } from '../support/hostFakes.ts';

suite('the owners in a push dialog', () => {
  test('are asked for once for each registry, even if the answer is not complete', async () => {
    const [one, two] = [connectionTo('https://one.example'), connectionTo('https://two.example')];
    const asked: string[] = [];
    const answer = ownersNamed(['dev']);
    const cache = new OwnersCache({
      owners: ({ origin }) => {
        asked.push(origin);
        return Promise.resolve(answer);
      },
    });
    assert.equal(cache.loaded(one), undefined);
    await Promise.all([cache.get(one), cache.get(one)]);
    await cache.get(one);
    await cache.get(two);
    assert.deepEqual(asked, [one.origin, two.origin]);
    assert.equal(cache.loaded(one), answer);
  });
});
