import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';

import { makeCertificate } from '../../fakeGitea/tls/certificate.ts';
import { startRecorder, type Recorder } from '../../tools/recorder.ts';

const certificate = makeCertificate('valid');
const secret = 'a pässword: of tests';

/** A server that answers with what it was sent, behind a recorder. */
async function recorded(t: TestContext, tls: boolean): Promise<Recorder> {
  const echo = (request: IncomingMessage, response: ServerResponse): void => {
    request.pipe(response);
  };
  const server = tls
    ? createHttpsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, echo)
    : createServer(echo);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const recorder = await startRecorder({
    to: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tls,
    address: '127.0.0.1',
  });
  t.after(async () => {
    await recorder.close();
    server.closeAllConnections();
    server.close();
  });
  return recorder;
}

async function ask(recorder: Recorder, tls: boolean, body: Buffer, headers = {}): Promise<Buffer> {
  const url = `http${tls ? 's' : ''}://${recorder.host}/v2/`;
  const options = { method: 'PATCH', headers, agent: false as const };
  const asked = tls ? httpsRequest(url, { ...options, rejectUnauthorized: false }) : httpRequest(url, options);
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('TLS connections are forwarded, and no content is recorded', async (t) => {
  const recorder = await recorded(t, true);
  const content = randomBytes(200_000);
  recorder.marks.markSecret(secret, 'dev');
  recorder.marks.markContent('A layer', content);
  const answer = await recorder.watch(ask(recorder, true, content, { authorization: `Bearer ${encodeURI(secret)}` }));
  assert.deepEqual(answer, content);
  recorder.assertAllTls();
  recorder.assertNothingInTheClear();
});

test('a request in the clear to an https origin fails at once, reaches nobody, and its secrets are not printed', async (t) => {
  const recorder = await recorded(t, true);
  recorder.marks.markSecret(secret, 'dev');
  const basic = Buffer.from(`dev:${secret}`).toString('base64');
  const asked = ask(recorder, false, Buffer.from('x'), { authorization: `Basic ${basic}` });
  const cutOff = assert.rejects(asked, { code: 'ECONNRESET' });
  // It never settles by itself: only the recorder ends the wait.
  const forever = new Promise<never>(() => undefined);
  const failure = {
    name: 'AssertionError',
    message: /began in the clear: "PATCH \/v2\/.*authorization: Basic \*\*\*/i,
  };
  await assert.rejects(recorder.watch(forever), failure);
  await cutOff;
  assert.throws(() => {
    recorder.assertAllTls();
  }, failure);
  assert.ok(!JSON.stringify(recorder.connections).includes(basic));
});

test('marked content is found in the clear: as it is, compressed, and across the borders of chunks', async (t) => {
  const content = randomBytes(100_000);
  for (const body of [content, gzipSync(content), deflateRawSync(content, { level: 9 })]) {
    const recorder = await recorded(t, false);
    recorder.marks.markContent('A layer', content);
    await assert.rejects(recorder.watch(ask(recorder, false, body)), { message: /A layer passed in the clear/ });
  }
  const recorder = await recorded(t, false);
  recorder.marks.markSecret('abcdefgh', 'dev');
  const scan = recorder.marks.scanner();
  assert.deepEqual([scan(Buffer.from('xabcd')), scan(Buffer.from('efghx'))], [undefined, 'A secret']);
});

test('a connection that says nothing is no fault, but a recorder that saw none cannot say that all is well', async (t) => {
  const recorder = await recorded(t, true);
  const silent = connect(recorder.port, '127.0.0.1');
  await once(silent, 'connect');
  silent.destroy();
  assert.throws(() => {
    recorder.assertAllTls();
  }, /nothing came through/);
  assert.throws(() => {
    recorder.assertNothingInTheClear();
  }, /nothing was marked/);
});
