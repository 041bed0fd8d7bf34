import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RegistryRequest, RegistryResponse } from '../../../../src/core/registry/http/httpTypes.ts';
import { withSessionObserver } from '../../../../src/core/registry/upload/sessionObserver.ts';

const origin = 'https://gitea.test';
const uploads = `${origin}/v2/dev/app/blobs/uploads/`;

suite('open upload sessions', () => {
  const open = new Map<string, string>();
  let answer: Pick<RegistryResponse, 'status' | 'headers'>;
  const send = withSessionObserver(({ url }) => Promise.resolve({ ...answer, url, body: Buffer.alloc(0) }), origin, {
    opened: (session, url) => void open.set(session, url.href),
    closed: (session) => open.delete(session),
  });
  const ask = async (
    method: RegistryRequest['method'],
    url: string,
    status: number,
    location?: string,
  ): Promise<void> => {
    answer = { status, headers: location === undefined ? {} : { location } };
    await send({ method, url: new URL(url), signal: new AbortController().signal });
  };

  test('are those that were opened and not yet committed or deleted, where they are now', async () => {
    await ask('POST', uploads, 202, '/v2/dev/app/blobs/uploads/one');
    await ask('POST', `${uploads}?mount=sha256:00`, 201, '/v2/dev/app/blobs/sha256:00');
    await ask('POST', uploads, 202, `${uploads}two?_state=1`);
    await ask('PATCH', `${uploads}two?_state=1`, 202, `${uploads}two?_state=2`);
    assert.deepEqual([...open.values()], [`${uploads}one`, `${uploads}two?_state=2`]);
    await ask('PUT', `${uploads}one?digest=sha256:00`, 500);
    await ask('DELETE', `${uploads}one`, 503);
    assert.equal(open.size, 2);
    await ask('PUT', `${uploads}two?_state=2&digest=sha256:00`, 201);
    await ask('DELETE', `${uploads}one`, 404);
    assert.equal(open.size, 0);
  });

  test('are none elsewhere', async () => {
    await ask('POST', uploads, 202, 'https://evil.test/v2/dev/app/blobs/uploads/one');
    await ask('POST', uploads, 202);
    await ask('PUT', `${origin}/v2/dev/app/manifests/1`, 201);
    assert.equal(open.size, 0);
  });
});
