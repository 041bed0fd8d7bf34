import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../src/core/registry/http/transport.ts';
import type { RegistryTrust } from '../../../../src/core/registry/types.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';
import { startProxy } from './proxyServer.ts';
import { settled } from '../../../tools/eventLoop.ts';

const signal = new AbortController().signal;
const pieces = 200;
const pieceSize = 64 * 1024;
const certificate = makeCertificate('valid');

/** By all transports of this file. */
let piecesAskedFor = 0;

interface Receiver {
  readonly port: number;
  /** Bodies, by their digest. */
  readonly received: string[];
}

/** Reads bodies once their connections are full, and hashes them. */
async function startReceiver(t: TestContext, scheme: 'http' | 'https'): Promise<Receiver> {
  const received: string[] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const hash = createHash('sha256');
    request.once('readable', () => {
      void settled(() => piecesAskedFor).then(() => request.on('data', (bytes: Buffer) => hash.update(bytes)));
    });
    request.on('end', () => {
      received.push(hash.digest('hex'));
      response.writeHead(201).end();
    });
  };
  const server =
    scheme === 'http'
      ? createServer(take)
      : createTlsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, received };
}

function transportTo(t: TestContext, origin: string, trust: RegistryTrust, proxy?: string): Transport {
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust, proxy: { url: proxy, bypass: [] } },
    ...{ environment: {}, userAgent: 'tea-chest/test' },
  });
  t.after(() => transport.close());
  return transport;
}

/** Gives each piece's memory away as soon as it is said to have left. Resolves with status and digest of what was sent. */
async function sendPassing(
  transport: Transport,
  origin: string,
): Promise<{ readonly status: number; readonly digest: string; readonly givenBack: number }> {
  const sent = createHash('sha256');
  let givenBack = 0;
  const { status } = await transport.send({
    ...{ method: 'PUT', url: new URL('/v2/a/blobs/uploads/1', origin), signal },
    body: {
      length: pieces * pieceSize,
      replayable: false,
      onWritten: ({ buffer }) => {
        (buffer as ArrayBuffer).transfer(0);
        givenBack++;
      },
      open: async function* () {
        for (let at = 0; at < pieces; at++) {
          piecesAskedFor++;
          const piece = new Uint8Array(randomBytes(pieceSize));
          sent.update(piece);
          yield piece;
        }
      },
    },
  });
  return { status, digest: sent.digest('hex'), givenBack };
}

for (const scheme of ['http', 'https'] as const) {
  for (const by of ['directly', 'by a proxy'] as const) {
    test(`${scheme}, ${by}: a relayed body arrives unchanged, though its memory is gone once it was written`, async (t) => {
      const { port, received } = await startReceiver(t, scheme);
      const proxy = by === 'by a proxy' ? await startProxy(t) : undefined;
      const origin = `${scheme}://${proxy === undefined ? '127.0.0.1' : 'localhost.test'}:${port}`;
      const trust = scheme === 'http' ? { allowHttp: true } : { pinnedFingerprint: certificate.fingerprint256 };
      const transport = transportTo(t, origin, trust, proxy && `http://${proxy.url}`);
      const first = await sendPassing(transport, origin);
      const second = await sendPassing(transport, origin);
      assert.deepEqual([first.status, second.status], [201, 201]);
      assert.deepEqual(received, [first.digest, second.digest]);
      assert.deepEqual([first.givenBack, second.givenBack], [pieces, pieces]);
      if (proxy !== undefined) assert.ok(proxy.log.length > 0, 'nothing went by the proxy');
    });
  }
}

test('a relayed body goes to no server whose certificate is not the pinned one', async (t) => {
  const { port, received } = await startReceiver(t, 'https');
  const origin = `https://127.0.0.1:${port}`;
  const sending = sendPassing(transportTo(t, origin, {}), origin);
  await assert.rejects(sending, { code: 'certificateUntrusted' });
  assert.deepEqual(received, []);
});
