import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { RelayEndpoint, type RelaySession } from '../../../src/core/relay/relayEndpoint.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { MemoryBackend } from './memoryBackend.ts';
import { errorCodes, locationOf, RelayClient } from './relayClient.ts';

describe('RelayEndpoint', () => {
  let backend: MemoryBackend;
  let endpoint: RelayEndpoint;
  let ports: number[];
  let sessions: RelaySession[];

  const makeEndpoint = (port = 0, secret = 'of this installation'): RelayEndpoint =>
    new RelayEndpoint({ port, secret, onPort: (other) => ports.push(other), logger: silentLogger });
  const open = async (from = endpoint, onVisit = (): void => undefined): Promise<RelaySession> => {
    const session = await from.open(backend, onVisit);
    sessions.push(session);
    return session;
  };
  const portOf = ({ repository }: RelaySession): number => Number(/:(\d+)\//.exec(repository)?.[1]);

  beforeEach(() => {
    backend = new MemoryBackend();
    ports = [];
    sessions = [];
    endpoint = makeEndpoint();
  });
  afterEach(async () => {
    await Promise.all(sessions.map((session) => session.close()));
  });

  describe('requests without the credential', () => {
    it('are asked for Basic credentials, and another secret is rejected', async () => {
      const session = await open();
      const bare = await fetch(`http://127.0.0.1:${portOf(session)}/v2/`);
      assert.equal(bare.status, 401);
      assert.match(bare.headers.get('www-authenticate') ?? '', /^Basic /);
      const wrong = new RelayClient({ ...session, credential: { ...session.credential, secret: 'guessed' } });
      for (const path of ['/v2/', 'blobs/uploads/', `blobs/${digestOf(Buffer.alloc(0))}`, 'manifests/1']) {
        const answer = await wrong.ask(path.endsWith('uploads/') ? 'POST' : 'GET', path);
        assert.deepEqual([path, answer.status, errorCodes(answer)], [path, 401, ['UNAUTHORIZED']]);
      }
      assert.equal((await new RelayClient(session).ask('GET', '/v2/')).status, 200);
    });

    it('do not count as the engine', async () => {
      let visits = 0;
      const session = await open(endpoint, () => visits++);
      const wrong = new RelayClient({ ...session, credential: { ...session.credential, secret: 'guessed' } });
      await wrong.ask('POST', 'blobs/uploads/');
      assert.equal(visits, 0);
      await new RelayClient(session).ask('POST', 'blobs/uploads/');
      assert.equal(visits, 1);
    });

    it('are rejected under another host name, as with the credential', async () => {
      const session = await open();
      const { username, secret } = session.credential;
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(
          {
            ...{ port: portOf(session), host: '127.0.0.1', path: '/v2/', auth: `${username}:${secret}` },
            headers: { host: `evil.example:${portOf(session)}` },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        request.on('error', reject);
        request.end();
      });
      assert.equal(status, 404);
    });

    it('find no other repository', async () => {
      const client = new RelayClient(await open());
      const answer = await client.ask('POST', '/v2/library/alpine/blobs/uploads/');
      assert.deepEqual([answer.status, errorCodes(answer)], [404, ['NAME_UNKNOWN']]);
    });

    it('get plain text at once for a TLS hello, which makes engines use http', async () => {
      const session = await open();
      const socket = connect(portOf(session), '127.0.0.1');
      socket.write(Buffer.from('16030100050100000000', 'hex'));
      const answer = await new Promise<string>((resolve, reject) => {
        let text = '';
        socket.on('data', (data) => (text += String(data)));
        socket.on('end', () => {
          resolve(text);
        });
        socket.on('error', reject);
      });
      assert.match(answer, /^HTTP\/1\.1 400 /);
      socket.destroy();
    });
  });

  describe('a rejected request', () => {
    /** A connection on which nothing is read before `ask` has sent something. */
    async function ask(session: RelaySession, head: string): Promise<{ socket: Socket; answer: Promise<string> }> {
      const socket = connect(portOf(session), '127.0.0.1');
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      const answer = new Promise<string>((resolve) => {
        socket.on('data', () => {
          if (text.includes(' 202 ')) resolve(text);
        });
        socket.on('error', () => undefined);
        socket.on('close', () => {
          resolve(text);
        });
      });
      await new Promise<void>((resolve) =>
        socket.write(head, () => {
          resolve();
        }),
      );
      return { socket, answer };
    }

    it('is answered before its body has arrived, and its connection is closed while the body is still sent', async () => {
      const session = await open();
      const host = `127.0.0.1:${portOf(session)}`;
      const { socket, answer } = await ask(
        session,
        `POST /v2/x/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`,
      );
      const piece = Buffer.alloc(64 * 1024);
      const pump = (): void => {
        if (socket.writable) socket.write(piece, () => setImmediate(pump));
      };
      pump();
      assert.match(await answer, /^HTTP\/1\.1 401 /);
    });

    it('gets no 100 Continue', async () => {
      const session = await open();
      const host = `127.0.0.1:${portOf(session)}`;
      const { answer } = await ask(
        session,
        `PUT /v2/x/manifests/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
      );
      assert.match(await answer, /^HTTP\/1\.1 401 /);
    });

    it('gets 100 Continue with the credential', async () => {
      const session = await open();
      const { username, secret } = session.credential;
      const { socket, answer } = await ask(
        session,
        [
          `POST /v2/${session.repository.slice(session.repository.indexOf('/') + 1)}/blobs/uploads/ HTTP/1.1`,
          `Host: 127.0.0.1:${portOf(session)}`,
          `Authorization: Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
          'Expect: 100-continue\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
        ].join('\r\n'),
      );
      assert.match(await answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
      socket.destroy();
    });
  });

  describe('the probe before a push', () => {
    it('is recognized by a credential of its own, which gives no access', async () => {
      const session = await open();
      let probes = 0;
      const probe = session.expectProbe(() => probes++);
      const client = new RelayClient({ ...session, credential: probe.credential });
      const answers = await Promise.all([client.ask('GET', '/v2/'), client.ask('POST', 'blobs/uploads/')]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [404, 404],
      );
      assert.equal(probes, 2);
      probe.end();
      assert.equal((await client.ask('GET', '/v2/')).status, 401);
      assert.equal(probes, 2);
    });
  });

  describe('opening and closing', () => {
    it('listens only while there is a session', async () => {
      const first = await open();
      const second = await open();
      assert.equal(portOf(first), portOf(second));
      await first.close();
      assert.equal((await new RelayClient(second).ask('GET', '/v2/')).status, 200);
      await second.close();
      await assert.rejects(fetch(`http://127.0.0.1:${portOf(first)}/v2/`));
    });

    it('opens again under the same name, and reports a new port once', async () => {
      const first = await open();
      await first.close();
      const again = await open();
      assert.equal(again.repository, first.repository);
      assert.deepEqual(ports, [portOf(first)]);
    });

    it('gives concurrent pushes a repository each', async () => {
      const [first, second] = await Promise.all([open(), open()]);
      assert.notEqual(first.repository, second.repository);
      await first.close();
      const answer = await new RelayClient(first).ask('POST', 'blobs/uploads/');
      assert.equal(answer.status, 404);
    });

    it('uses another port if its own is in use, and reports it', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as { port: number };
      const session = await open(makeEndpoint(port));
      assert.notEqual(portOf(session), port);
      assert.deepEqual(ports, [portOf(session)]);
      other.close();
    });

    it('has the same path on every port', async () => {
      const first = await open();
      const second = await open(makeEndpoint(0));
      const path = ({ repository }: RelaySession): string => repository.slice(repository.indexOf('/'));
      assert.equal(path(first), path(second));
    });

    it('drops what is still arriving when it closes', async () => {
      const session = await open();
      const client = new RelayClient(session);
      await client.ask('PATCH', await client.begin(), { body: 'half a blob' });
      await session.close();
      // The backend gets the blob in a later turn of the event loop.
      await new Promise(setImmediate);
      assert.equal(backend.dropped, 1);
    });
  });

  it('answers an error of ours with DENIED, which engines do not retry, and our message', async () => {
    const client = new RelayClient(await open());
    backend.onCommit = () => {
      throw new TeaChestError('quotaExceeded', 'The registry has no room left.');
    };
    const put = await client.ask('PUT', await client.begin(), {
      query: { digest: digestOf(Buffer.from('blob')) },
      body: 'blob',
    });
    assert.deepEqual([put.status, errorCodes(put)], [403, ['DENIED']]);
    assert.match(put.body.toString(), /no room left/);
  });

  it('answers an upload only after its last byte: dockerd could crash otherwise', async () => {
    const client = new RelayClient(await open());
    const more = Promise.withResolvers<undefined>();
    let sent = 0;
    const body = new ReadableStream({
      pull: async (controller) => {
        if (sent === 100) await more.promise;
        if (sent++ < 200) controller.enqueue(new Uint8Array(10_000));
        else controller.close();
      },
    });
    let isAnswered = false;
    const asked = client.ask('PATCH', await client.begin(), { body }).finally(() => (isAnswered = true));
    while (sent < 100) await turn();
    // The relay answers others meanwhile, so it could have answered this one.
    for (let others = 0; others < 5; others++) await client.begin();
    assert.equal(isAnswered, false);
    more.resolve(undefined);
    const patch = await asked;
    assert.deepEqual([patch.status, patch.headers.get('range')], [202, '0-1999999']);
    const digest = digestOf(new Uint8Array(2_000_000));
    assert.equal((await client.ask('PUT', locationOf(patch), { query: { digest } })).status, 201);
  });
});
