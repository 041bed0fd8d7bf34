import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import { serve } from '../localRegistry.ts';
import { call, silent } from '../setUp.ts';
import { bytesOf, clientFor, dev } from '../../gitea/testClient.ts';

test('a whole blob for which a session is opened instead, as the specification allows, goes into that session', async (t) => {
  const bytes = bytesOf(10_000);
  const bodies = new Map<string, Buffer>();
  const url = await serve(t, (request, response) => {
    const { method = '', url: target = '', headers } = request;
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.set(`${method} ${target.split('?')[0]}`, Buffer.concat(parts));
      if (target.startsWith('/v2/token')) response.end('{"token":"t"}');
      else if (headers.authorization === undefined) {
        const challenge = `Bearer realm="${url}/v2/token",service="container_registry",scope="*"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      } else if (method === 'POST') response.writeHead(202, { location: '/v2/dev/app/blobs/uploads/7' }).end();
      else response.writeHead(201).end();
    });
  });
  const client = clientFor(url, { credential: dev });
  t.after(async () => client.close());
  const app = await client.repository('dev/app', call);
  await app.uploadBlob(bytesSource(bytes, digestOf(bytes)), silent);
  assert.deepEqual(bodies.get('PUT /v2/dev/app/blobs/uploads/7'), Buffer.from(bytes));
});
