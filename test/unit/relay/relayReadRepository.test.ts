import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { RelayEndpoint, type RelaySession } from '../../../src/core/relay/relayEndpoint.ts';
import type { RelaySource } from '../../../src/core/relay/relaySource.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { MemoryBackend } from './memoryBackend.ts';
import { errorCodes, RelayClient } from './relayClient.ts';

const blob = Buffer.from('0123456789'.repeat(50_000));
const digest = digestOf(blob);
const manifest = Buffer.from('{"schemaVersion":2}');
const other = digestOf(Buffer.from('another image'));

describe('the relay while an engine pulls', () => {
  let endpoint: RelayEndpoint;
  let session: RelaySession;
  let client: RelayClient;
  let read: RelaySource['readBlob'];
  const started: number[] = [];

  beforeEach(async () => {
    started.length = 0;
    read = async function* (_digest, from) {
      await Promise.resolve();
      started.push(from);
      for (let at = from; at < blob.byteLength; at += 60_000)
        yield blob.subarray(at, Math.min(at + 60_000, blob.byteLength));
    };
    const source: RelaySource = {
      manifest: (reference) =>
        Promise.resolve(
          reference === 'pull-1' || reference === digestOf(manifest)
            ? { bytes: manifest, digest: digestOf(manifest), mediaType: mediaTypes.ociManifest }
            : undefined,
        ),
      blobSize: (asked) => (asked === digest ? blob.byteLength : undefined),
      readBlob: (...asked) => read(...asked),
    };
    endpoint = new RelayEndpoint({ port: 0, secret: 'of this', onPort: () => undefined, logger: silentLogger });
    session = await endpoint.openForPull(source);
    client = new RelayClient(session);
  });
  afterEach(() => session.close());

  for (const reference of ['pull-1', digestOf(manifest)]) {
    it(`gives the manifest by ${reference.startsWith('sha256') ? 'digest' : 'tag'}, with type, digest and length`, async () => {
      for (const method of ['HEAD', 'GET']) {
        const { status, headers, body } = await client.ask(method, `manifests/${reference}`);
        const named = ['content-type', 'docker-content-digest', 'content-length'].map((one) => headers.get(one));
        assert.deepEqual(
          [status, ...named],
          [200, mediaTypes.ociManifest, digestOf(manifest), String(manifest.length)],
        );
        assert.deepEqual(body, method === 'GET' ? manifest : Buffer.alloc(0));
      }
    });
  }

  it('gives a blob, and its size without reading it', async () => {
    const head = await client.ask('HEAD', `blobs/${digest}`);
    assert.deepEqual([head.status, head.headers.get('content-length'), started], [200, String(blob.byteLength), []]);
    const { status, headers, body } = await client.ask('GET', `blobs/${digest}`);
    assert.deepEqual([status, headers.get('docker-content-digest'), digestOf(body)], [200, digest, digest]);
  });

  it('gives the rest of a blob whose connection broke', async () => {
    const { status, headers, body } = await client.ask('GET', `blobs/${digest}`, {
      headers: { range: 'bytes=123456-' },
    });
    assert.deepEqual([status, headers.get('content-range')], [206, `bytes 123456-499999/500000`]);
    assert.deepEqual(body, blob.subarray(123_456));
    const beyond = await client.ask('GET', `blobs/${digest}`, { headers: { range: 'bytes=500000-' } });
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */500000']);
  });

  it('answers any other range with the whole blob, whose digest can be checked', async () => {
    for (const range of ['bytes=0-9', 'bytes=5-9,20-30', 'bytes=-5', 'lines=1-']) {
      const { status, body } = await client.ask('GET', `blobs/${digest}`, { headers: { range } });
      assert.deepEqual([status, body.byteLength], [200, blob.byteLength], range);
    }
  });

  it('gives nothing but this image, and takes nothing', async () => {
    const answers = await Promise.all([
      client.ask('GET', `blobs/${other}`),
      client.ask('GET', 'blobs/sha512:00'),
      client.ask('GET', 'manifests/latest'),
      client.ask('GET', `manifests/${other}`),
      client.ask('POST', 'blobs/uploads/'),
      client.ask('PUT', 'manifests/latest', { body: '{}' }),
      client.ask('DELETE', `manifests/${digestOf(manifest)}`),
      client.ask('GET', 'tags/list'),
      client.ask('GET', `/v2/library/alpine/blobs/${digest}`),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 404, 404, 405, 405, 405, 404, 404],
    );
    assert.deepEqual(errorCodes(answers[0]), ['BLOB_UNKNOWN']);
  });

  it('gives nothing without the credential, under another host name, or after the pull', async () => {
    const wrong = new RelayClient({ ...session, credential: { ...session.credential, secret: 'guessed' } });
    for (const path of [`blobs/${digest}`, 'manifests/pull-1'])
      assert.equal((await wrong.ask('GET', path)).status, 401);
    await session.close();
    const later = await endpoint.open(new MemoryBackend(), () => undefined);
    try {
      assert.equal(
        (await new RelayClient({ ...later, repository: later.repository }).ask('GET', 'manifests/pull-1')).status,
        404,
      );
    } finally {
      await later.close();
    }
    assert.deepEqual(started, []);
  });

  it('turns a failure before the first byte into an error response', async () => {
    // eslint-disable-next-line require-yield -- it fails at once
    read = async function* () {
      await Promise.resolve();
      throw new TeaChestError('registryFailed', 'The registry is busy.');
    };
    const answer = await client.ask('GET', `blobs/${digest}`);
    assert.deepEqual([answer.status, errorCodes(answer)], [403, ['DENIED']]);
  });

  it('closes the connection of a blob that breaks off, so that it is never taken for whole', async () => {
    read = async function* () {
      await Promise.resolve();
      yield blob.subarray(0, 60_000);
      throw new TeaChestError('digestMismatch', 'other bytes');
    };
    await assert.rejects(client.ask('GET', `blobs/${digest}`), /terminated|other side closed|fetch failed/);
  });

  it('reads no further from the registry while the engine does not read', async () => {
    let given = 0;
    const big = Buffer.alloc(1024 * 1024);
    const ended = Promise.withResolvers<undefined>();
    read = async function* () {
      try {
        for (;;) {
          await Promise.resolve();
          given++;
          yield big;
        }
      } finally {
        ended.resolve(undefined);
      }
    };
    const [, port = ''] = /:(\d+)\//.exec(session.repository) ?? [];
    const path = session.repository.slice(session.repository.indexOf('/') + 1);
    const { username, secret } = session.credential;
    const socket = connect(Number(port), '127.0.0.1');
    socket.pause();
    const authorization = Buffer.from(`${username}:${secret}`).toString('base64');
    socket.write(
      `GET /v2/${path}/blobs/${digest} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Basic ${authorization}\r\n\r\n`,
    );
    // Stands still once the buffers between the two are full.
    for (let before = -1; before !== given || given === 0;) {
      before = given;
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(given < 40, `${given} MiB were read for nobody`);
    // An engine that goes away ends the read.
    socket.destroy();
    await ended.promise;
  });

  it('serves pushes at the same time, each in a repository of its own', async () => {
    const backend = new MemoryBackend();
    const push = await endpoint.open(backend, () => undefined);
    try {
      assert.notEqual(push.repository, session.repository);
      const pushing = new RelayClient(push);
      const bytes = Buffer.from('a layer');
      const [pulled, pushed] = await Promise.all([
        client.ask('GET', `blobs/${digest}`),
        pushing
          .begin()
          .then((location) =>
            pushing.ask('PUT', location, { query: { digest: digestOf(bytes) }, body: new Uint8Array(bytes) }),
          ),
      ]);
      assert.deepEqual([digestOf(pulled.body), pushed.status], [digest, 201]);
      assert.deepEqual([...backend.blobs.keys()], [digestOf(bytes)] satisfies Digest[]);
      assert.equal((await pushing.ask('GET', `blobs/${digest}`)).status, 404);
    } finally {
      await push.close();
    }
  });
});
