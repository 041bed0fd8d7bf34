import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes, octetStream } from '../../../src/core/oci/mediaTypes.ts';
import { RelayEndpoint, type RelaySession } from '../../../src/core/relay/relayEndpoint.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { MemoryBackend } from './memoryBackend.ts';
import { errorCodes, locationOf, RelayClient, type Answer } from './relayClient.ts';

// The push workflow of the OCI distribution conformance suite, in its order of steps, and what of its other workflows
// a push meets.
describe('the relay follows the OCI distribution spec for pushes', () => {
  const backend = new MemoryBackend();
  let session: RelaySession;
  let client: RelayClient;
  const octets = { 'content-type': octetStream };
  const blob = randomBytes(150_000);
  const digest = digestOf(blob);

  before(async () => {
    const endpoint = new RelayEndpoint({
      port: 0,
      secret: 'conformance',
      onPort: () => undefined,
      logger: silentLogger,
    });
    session = await endpoint.open(backend, () => undefined);
    client = new RelayClient(session);
  });
  after(() => session.close());

  const chunk = (start: number, end: number): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } => ({
    body: new Uint8Array(blob.subarray(start, end)),
    headers: { ...octets, 'content-range': `${start}-${end - 1}` },
  });

  describe('streamed upload', () => {
    let last: Answer;
    it('accepts a PATCH with the whole blob', async () => {
      last = await client.ask('PATCH', await client.begin(), { body: blob, headers: octets });
      assert.equal(last.status, 202);
      assert.equal(last.headers.get('range'), `0-${blob.byteLength - 1}`);
    });
    it('closes it by a PUT with the digest', async () => {
      const put = await client.ask('PUT', locationOf(last), { query: { digest }, headers: octets });
      assert.equal(put.status, 201);
      assert.notEqual(locationOf(put), '');
      assert.equal(put.headers.get('docker-content-digest'), digest);
      assert.deepEqual(backend.blobs.get(digest), blob);
    });
    it('accepts a PATCH without a Content-Length', async () => {
      const pieces = [blob.subarray(0, 70_000), blob.subarray(70_000)];
      const body = new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new Uint8Array(piece));
        },
      });
      const patch = await client.ask('PATCH', await client.begin(), { body, headers: octets });
      assert.equal(patch.status, 202);
      assert.equal((await client.ask('PUT', locationOf(patch), { query: { digest } })).status, 201);
    });
  });

  describe('monolithic upload', () => {
    const config = Buffer.from('{"some":"config"}');
    const configDigest = digestOf(config);
    it('responds 404 to GET and HEAD of a missing blob', async () => {
      const get = await client.ask('GET', `blobs/${configDigest}`);
      assert.equal(get.status, 404);
      assert.deepEqual(errorCodes(get), ['BLOB_UNKNOWN']);
      assert.equal((await client.ask('HEAD', `blobs/${configDigest}`)).status, 404);
    });
    it('accepts a POST with digest and bytes', async () => {
      const post = await client.ask('POST', 'blobs/uploads/', {
        query: { digest: configDigest },
        body: config,
        headers: octets,
      });
      assert.equal(post.status, 201);
      assert.equal(locationOf(post), `/v2/${client.name}/blobs/${configDigest}`);
    });
    it('serves the blob under its URL', async () => {
      const get = await client.ask('GET', `blobs/${configDigest}`);
      assert.equal(get.status, 200);
      assert.deepEqual(get.body, config);
      const head = await client.ask('HEAD', `blobs/${configDigest}`);
      assert.equal(head.headers.get('content-length'), String(config.byteLength));
      assert.equal(head.headers.get('docker-content-digest'), configDigest);
    });
    it('opens a session by POST, and accepts bytes and digest in one PUT', async () => {
      const other = randomBytes(5_000);
      const post = await client.ask('POST', 'blobs/uploads/');
      assert.equal(post.status, 202);
      const put = await client.ask('PUT', locationOf(post), {
        query: { digest: digestOf(other) },
        body: other,
        headers: octets,
      });
      assert.equal(put.status, 201);
      assert.equal((await client.ask('GET', `blobs/${digestOf(other)}`)).status, 200);
    });
    it('accepts an empty blob', async () => {
      const empty = digestOf(Buffer.alloc(0));
      const put = await client.ask('PUT', await client.begin(), { query: { digest: empty } });
      assert.equal(put.status, 201);
      assert.equal((await client.ask('HEAD', `blobs/${empty}`)).status, 200);
    });
  });

  describe('chunked upload', () => {
    let last: Answer;
    it('responds 416 to a first chunk that does not start at 0', async () => {
      const patch = await client.ask('PATCH', await client.begin(), chunk(1_000, 2_000));
      assert.equal(patch.status, 416);
    });
    it('accepts the first chunk', async () => {
      last = await client.ask('PATCH', await client.begin(), chunk(0, 100_000));
      assert.equal(last.status, 202);
      assert.equal(last.headers.get('range'), '0-99999');
    });
    it('responds 416 to a repeated chunk, and keeps its bytes', async () => {
      const again = await client.ask('PATCH', locationOf(last), chunk(0, 100_000));
      assert.equal(again.status, 416);
      assert.equal(again.headers.get('range'), '0-99999');
    });
    it('reports the progress of an upload by GET', async () => {
      const status = await client.ask('GET', locationOf(last));
      assert.equal(status.status, 204);
      assert.equal(status.headers.get('range'), '0-99999');
      assert.notEqual(locationOf(status), '');
    });
    it('accepts the last chunk with the closing PUT', async () => {
      const put = await client.ask('PUT', locationOf(last), {
        ...chunk(100_000, blob.byteLength),
        query: { digest },
      });
      assert.equal(put.status, 201);
      assert.deepEqual(backend.blobs.get(digest), blob);
    });
    it('accepts the last chunk by PATCH as well, and a PUT without bytes', async () => {
      const first = await client.ask('PATCH', await client.begin(), chunk(0, 100_000));
      const second = await client.ask('PATCH', locationOf(first), chunk(100_000, blob.byteLength));
      assert.equal(second.status, 202);
      assert.equal((await client.ask('PUT', locationOf(second), { query: { digest } })).status, 201);
    });
    it('responds 416 to a PUT whose chunk is out of order, after which the upload can go on', async () => {
      const first = await client.ask('PATCH', await client.begin(), chunk(0, 100_000));
      const wrong = await client.ask('PUT', locationOf(first), { ...chunk(120_000, 150_000), query: { digest } });
      assert.equal(wrong.status, 416);
      const right = await client.ask('PUT', locationOf(first), { ...chunk(100_000, 150_000), query: { digest } });
      assert.equal(right.status, 201);
    });
    it('rejects a body whose length is not that of its range', async () => {
      const { body } = chunk(0, 100);
      const headers = { ...octets, 'content-range': '0-199' };
      const patch = await client.ask('PATCH', await client.begin(), { body, headers });
      assert.equal(patch.status, 400);
      assert.deepEqual(errorCodes(patch), ['SIZE_INVALID']);
    });
  });

  describe('cancelled and unknown uploads', () => {
    it('removes a deleted session', async () => {
      const session = locationOf(await client.ask('PATCH', await client.begin(), chunk(0, 10)));
      const dropped = backend.dropped;
      assert.equal((await client.ask('DELETE', session)).status, 204);
      assert.equal(backend.dropped, dropped + 1);
      const status = await client.ask('GET', session);
      assert.equal(status.status, 404);
      assert.deepEqual(errorCodes(status), ['BLOB_UPLOAD_UNKNOWN']);
    });
    it('removes a closed session', async () => {
      const session = await client.begin();
      await client.ask('PUT', session, { query: { digest }, body: blob });
      assert.equal((await client.ask('PATCH', session, chunk(0, 10))).status, 404);
    });
  });

  describe('digests', () => {
    it('rejects bytes with another digest', async () => {
      const put = await client.ask('PUT', await client.begin(), {
        query: { digest: digestOf(Buffer.from('another')) },
        body: blob,
      });
      assert.equal(put.status, 400);
      assert.deepEqual(errorCodes(put), ['DIGEST_INVALID']);
      assert.equal(backend.blobs.has(digestOf(Buffer.from('another'))), false);
    });
    it('rejects an invalid digest', async () => {
      const put = await client.ask('PUT', await client.begin(), { query: { digest: 'sha256:abc' }, body: blob });
      assert.deepEqual([put.status, errorCodes(put)], [400, ['DIGEST_INVALID']]);
      const without = await client.ask('PUT', await client.begin(), { body: blob });
      assert.deepEqual([without.status, errorCodes(without)], [400, ['DIGEST_INVALID']]);
    });
  });

  describe('mounts', () => {
    it('responds 201 if the blob need not be sent', async () => {
      const post = await client.ask('POST', 'blobs/uploads/', { query: { mount: digest, from: 'any/repository' } });
      assert.equal(post.status, 201);
      assert.equal(locationOf(post), `/v2/${client.name}/blobs/${digest}`);
      const anywhere = await client.ask('POST', 'blobs/uploads/', { query: { mount: digest } });
      assert.equal(anywhere.status, 201);
    });
    it('opens a session if it must be sent', async () => {
      const unknown = digestOf(Buffer.from('nowhere'));
      const post = await client.ask('POST', 'blobs/uploads/', { query: { mount: unknown, from: 'any/repository' } });
      assert.equal(post.status, 202);
      assert.equal((await client.ask('GET', locationOf(post))).status, 204);
    });
  });

  describe('manifests', () => {
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: [{ digest, size: 1 }] }, null, 3),
    );
    const headers = { 'content-type': mediaTypes.ociManifest };
    it('responds 404 to a missing one', async () => {
      const get = await client.ask('GET', 'manifests/.INVALID_MANIFEST_NAME');
      assert.equal(get.status, 404);
      assert.deepEqual(errorCodes(get), ['MANIFEST_UNKNOWN']);
    });
    it('accepts one under several tags', async () => {
      for (let at = 0; at < 4; at++) {
        const put = await client.ask('PUT', `manifests/test${at}`, { body: manifest, headers });
        assert.equal(put.status, 201);
        assert.notEqual(locationOf(put), '');
        assert.equal(put.headers.get('docker-content-digest'), digestOf(manifest));
      }
    });
    it('serves it by tag and by digest, byte for byte and with its type', async () => {
      for (const reference of ['test2', digestOf(manifest)]) {
        const get = await client.ask('GET', `manifests/${reference}`);
        assert.equal(get.status, 200);
        assert.deepEqual(get.body, manifest);
        assert.equal(get.headers.get('content-type'), mediaTypes.ociManifest);
        const head = await client.ask('HEAD', `manifests/${reference}`);
        assert.equal(head.status, 200);
        assert.equal(head.headers.get('docker-content-digest'), digestOf(manifest));
        assert.equal(head.headers.get('content-length'), String(manifest.byteLength));
      }
    });
    it('accepts one under its digest, and rejects it under another', async () => {
      const other = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
      const type = { 'content-type': mediaTypes.ociIndex };
      const put = await client.ask('PUT', `manifests/${digestOf(other)}`, { body: other, headers: type });
      assert.equal(put.status, 201);
      const wrong = await client.ask('PUT', `manifests/${digest}`, { body: other, headers: type });
      assert.deepEqual([wrong.status, errorCodes(wrong)], [400, ['DIGEST_INVALID']]);
    });
    it('accepts a manifest of 4 MiB, and says why it rejects a larger one', async () => {
      const index = (long: string): string =>
        JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { long } });
      const manifestOf = (size: number): string => index('x'.repeat(size - index('').length));
      const type = { 'content-type': mediaTypes.ociIndex };
      const largest = manifestOf(4 * 1024 * 1024);
      assert.equal((await client.ask('PUT', 'manifests/largest', { body: largest, headers: type })).status, 201);
      const larger = manifestOf(4 * 1024 * 1024 + 1);
      const refused = await client.ask('PUT', 'manifests/larger', { body: larger, headers: type });
      assert.equal(refused.status, 413);
      assert.match(refused.body.toString(), /more than 4 MiB.*fewer or shorter annotations/);
    });
    it('rejects an invalid manifest', async () => {
      const put = await client.ask('PUT', 'manifests/test9', { body: 'not JSON', headers });
      assert.deepEqual([put.status, errorCodes(put)], [400, ['MANIFEST_INVALID']]);
      assert.equal((await client.ask('GET', 'manifests/test9')).status, 404);
    });
  });

  it('supports nothing else', async () => {
    for (const [method, path] of [
      ['DELETE', `blobs/${digest}`],
      ['DELETE', 'manifests/test1'],
      ['GET', 'tags/list'],
    ] as const) {
      assert.ok([404, 405].includes((await client.ask(method, path)).status), `${method} ${path}`);
    }
  });
});
