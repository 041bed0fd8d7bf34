import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenCache, type FetchedToken } from '../../../../src/core/registry/auth/tokenCache.ts';

const minute = 60_000;

function setUp(lifetime: number | undefined): {
  cache: TokenCache;
  clock: { ms: number };
  fetch: () => Promise<FetchedToken>;
} {
  const clock = { ms: 1_000_000 };
  let count = 0;
  const fetch = async (): Promise<FetchedToken> => Promise.resolve({ value: `token ${++count}`, lifetimeMs: lifetime });
  return { cache: new TokenCache(() => clock.ms), clock, fetch };
}

test('many callers at once cause one fetch', async () => {
  const { cache, fetch } = setUp(minute);
  assert.deepEqual(await Promise.all([cache.get('a', fetch), cache.get('a', fetch), cache.get('a', fetch)]), [
    'token 1',
    'token 1',
    'token 1',
  ]);
});

test('a token is kept while it lives, and renewed well before its end', async () => {
  const { cache, clock, fetch } = setUp(60 * minute);
  assert.equal(await cache.get('a', fetch), 'token 1');
  clock.ms += 49 * minute;
  assert.equal(await cache.get('a', fetch), 'token 1');
  clock.ms += 2 * minute;
  assert.equal(await cache.get('a', fetch), 'token 2');
});

test('a short-lived token is used for most of its life', async () => {
  const { cache, clock, fetch } = setUp(minute);
  await cache.get('a', fetch);
  clock.ms += 39_000;
  assert.equal(await cache.get('a', fetch), 'token 1');
  clock.ms += 2_000;
  assert.equal(await cache.get('a', fetch), 'token 2');
});

test('a refused token is removed, but not the newer one that replaced it', async () => {
  const { cache, fetch } = setUp(undefined);
  await cache.get('a', fetch);
  cache.drop('token 1');
  assert.equal(await cache.get('a', fetch), 'token 2');
  cache.drop('token 1');
  assert.equal(await cache.get('a', fetch), 'token 2');
});

test('tokens for different things are kept apart', async () => {
  const { cache, fetch } = setUp(minute);
  assert.notEqual(await cache.get('a', fetch), await cache.get('b', fetch));
});

test('a failed fetch is not remembered', async () => {
  const { cache, fetch } = setUp(minute);
  await assert.rejects(
    cache.get('a', async () => Promise.reject(new Error('down'))),
    /down/,
  );
  assert.equal(await cache.get('a', fetch), 'token 1');
});
