import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadConnectionTimes } from '../../../src/core/ports/connectionTimes.ts';
import { serve } from '../registry/localRegistry.ts';
import { clientFor, never } from './testClient.ts';

const timing = { sleep: () => Promise.resolve() };

/** A registry that answers “bad gateway” so many times before it works, and the paths that it was asked for. */
async function registry(
  t: Parameters<typeof serve>[0],
  failures = 0,
): Promise<{ readonly url: string; readonly paths: readonly (string | undefined)[] }> {
  const paths: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    paths.push(request.url);
    response.writeHead(paths.length <= failures ? 502 : 200, { 'docker-distribution-api-version': 'registry/2.0' });
    response.end('{}');
  });
  return { url, paths };
}

test('a registry is detected once by a push and a view that begin at the same time', async (t) => {
  const { url, paths } = await registry(t);
  const client = clientFor(url, { timing });
  t.after(() => client.close());
  const [server, { kind }] = await Promise.all([client.server({ signal: never }), client.contents({ signal: never })]);
  assert.deepEqual([server.kind, kind], ['generic', 'generic']);
  await client.repository('o/n', { signal: never });
  assert.deepEqual(paths, ['/v2/']);
});

test('a push goes on to detect the registry where a view has given up, and the view finds it by its next call', async (t) => {
  const { url, paths } = await registry(t, 5);
  const client = clientFor(url, { timing });
  t.after(() => client.close());
  const viewed = client.contents({ signal: never }).then(
    () => 'listed',
    () => 'gave up',
  );
  assert.equal((await client.server({ signal: never })).kind, 'generic');
  assert.equal(await viewed, 'gave up');
  assert.equal(paths.length, 6);
  assert.equal((await client.contents({ signal: never })).kind, 'generic');
});

test('images of one registry share a read of its connections, which the cancel of one of them does not end', async (t) => {
  const { url } = await registry(t);
  const reads: ReturnType<typeof Promise.withResolvers<undefined>>[] = [];
  const signals: AbortSignal[] = [];
  const readConnectionTimes: ReadConnectionTimes = async (_ports, { signal }) => {
    signals.push(signal);
    const read = Promise.withResolvers<undefined>();
    reads.push(read);
    await read.promise;
    return [{ localPort: 1, busy: reads.length, receiver: 0 }];
  };
  const client = clientFor(url, { timing, readConnectionTimes });
  t.after(() => client.close());
  const [one, other] = await Promise.all(
    ['o/one', 'o/other'].map((name) => client.repository(name, { signal: never })),
  );
  assert.ok(one && other);
  const cancelling = new AbortController();
  const cancelled = one.connectionTimes({ signal: cancelling.signal });
  const answer = other.connectionTimes({ signal: never });
  assert.equal(reads.length, 1);
  cancelling.abort();
  assert.equal(await cancelled, undefined);
  assert.equal(signals[0]?.aborted, false);
  reads[0]?.resolve(undefined);
  assert.deepEqual(await answer, [{ localPort: 1, busy: 1, receiver: 0 }]);
  const later = other.connectionTimes({ signal: never });
  reads[1]?.resolve(undefined);
  assert.deepEqual(await later, [{ localPort: 1, busy: 2, receiver: 0 }]);
});
