import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../registry/localRegistry.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { connectionTo } from '../support/hostFakes.ts';

useFakeVscode();
const { buildHost } = await import('../support/hostFakes.ts');

test('after its end it opens no client, for nobody would close it', async (t) => {
  let requests = 0;
  const origin = await serve(t, (_request, response) => {
    requests++;
    response.end('{}');
  });
  const { access } = buildHost(t);
  const connection = connectionTo(origin, { username: '' });
  access.dispose();
  await assert.rejects(access.contents(connection), { code: 'cancelled' });
  assert.equal(requests, 0);
});
