import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { Engine } from '../../../../src/core/docker/client/engine.ts';
import type { EngineTls } from '../../../../src/core/docker/types.ts';
import { makeCertificate } from '../../../fakeGitea/tls/certificate.ts';

const { signal } = new AbortController();
const server = makeCertificate('valid');
const client = makeCertificate('valid');

interface TlsEngine extends AsyncDisposable {
  /** The engine's version, by this TLS; the fingerprint of the client certificate that it received. */
  ask(tls: EngineTls | undefined): Promise<{ version: string; shown: string | undefined }>;
}

async function startTlsEngine(certificate = server): Promise<TlsEngine> {
  let shown: string | undefined;
  const options = { cert: certificate.certificatePem, key: certificate.privateKeyPem, requestCert: true };
  const listener = https.createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    const peer = request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined;
    shown = peer?.fingerprint256.replaceAll(':', '').toLowerCase();
    response.end('{"Version":"28.5.2","ApiVersion":"1.51"}');
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    ask: async (tls) => {
      const address = { kind: 'tcp', host: '127.0.0.1', port, tls } as const;
      const engine = new Engine({ address, source: 'this test', url: `tcp://127.0.0.1:${port}` });
      try {
        return { version: (await engine.version({ signal })).version, shown };
      } finally {
        engine.dispose();
      }
    },
    [Symbol.asyncDispose]: async () => {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

test('an engine is trusted by its CA, and gets our certificate', async () => {
  await using engine = await startTlsEngine();
  const ca = Buffer.from(server.certificatePem);
  const cert = Buffer.from(client.certificatePem);
  const key = Buffer.from(client.privateKeyPem);
  assert.deepEqual(await engine.ask({ ca, cert, key, verify: true }), {
    version: '28.5.2',
    shown: client.fingerprint256,
  });
  assert.equal((await engine.ask({ ca, verify: true })).version, '28.5.2');
});

test('an untrusted engine is rejected, unless verification is off', async () => {
  await using engine = await startTlsEngine();
  const refused = { code: 'engineEndpointInvalid', message: /No secure connection .* could be made: / };
  await assert.rejects(engine.ask({ verify: true }), refused);
  await assert.rejects(engine.ask({ ca: Buffer.from(client.certificatePem), verify: true }), refused);
  assert.equal((await engine.ask({ verify: false })).version, '28.5.2');
});

test('a certificate for another host, or an expired one, is rejected', async () => {
  for (const kind of ['wrongHost', 'expired'] as const) {
    const certificate = makeCertificate(kind);
    await using engine = await startTlsEngine(certificate);
    await assert.rejects(engine.ask({ ca: Buffer.from(certificate.certificatePem), verify: true }), {
      code: 'engineEndpointInvalid',
    });
  }
});
