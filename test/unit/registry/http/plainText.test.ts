import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { inspectCertificate } from '../../../../src/core/registry/http/tls/inspectCertificate.ts';
import { bytesBody, type RegistryRequest, type RequestBody } from '../../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../src/core/registry/http/transport.ts';
import type { RegistryTrust } from '../../../../src/core/registry/types.ts';
import { startFakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import { startRecorder, type Recorder } from '../../../tools/recorder.ts';
import { patchAsEditorDoes } from './editorPatch.ts';

const signal = new AbortController().signal;
const token = 'a-token-that-nobody-may-read';
const layer = Buffer.from('the bytes of a layer that nobody may read\n'.repeat(10_000));

interface Rig {
  readonly origin: string;
  readonly transport: Transport;
  readonly recorder: Recorder;
}

async function setUp(t: TestContext): Promise<Rig> {
  patchAsEditorDoes(t);
  const fakeGitea = await startFakeGitea({ tls: 'valid' });
  t.after(() => fakeGitea.close());
  const recorder = await startRecorder({ to: fakeGitea.host, tls: true });
  t.after(() => recorder.close());
  recorder.marks.markSecret(token, 'dev');
  recorder.marks.markContent('The layer', layer);
  const origin = `https://${recorder.host}`;
  const trust: RegistryTrust = { pinnedFingerprint: fakeGitea.fingerprint256 ?? '' };
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust, proxy: { url: undefined, bypass: [] } },
    ...{ environment: {}, userAgent: 'tea-chest/test' },
  });
  t.after(() => transport.close());
  return { origin, transport, recorder };
}

const streamed: RequestBody = {
  length: layer.byteLength,
  replayable: false,
  onWritten: () => undefined,
  open: async function* () {
    for (let at = 0; at < layer.byteLength; at += 65_536) yield layer.subarray(at, at + 65_536);
  },
};

const kinds: readonly (readonly [RegistryRequest['method'], string, RequestBody | undefined])[] = [
  ['GET', 'token', undefined],
  ['HEAD', 'blobs/sha256:0', undefined],
  ['POST', 'blobs/uploads/?mount=sha256:0', undefined],
  ['POST', 'blobs/uploads/?digest=sha256:0', bytesBody(layer)],
  ['PATCH', 'blobs/uploads/1', bytesBody(layer)],
  ['PATCH', 'blobs/uploads/1', streamed],
  ['PUT', 'blobs/uploads/1?digest=sha256:0', undefined],
  ['PUT', 'blobs/uploads/1?digest=sha256:0', streamed],
  ['PUT', 'manifests/1', bytesBody(layer)],
  ['DELETE', 'blobs/uploads/1', undefined],
];

for (const [method, path, body] of kinds) {
  const what = body === undefined ? 'without a body' : body.replayable ? 'with a body' : 'with a streamed body';
  test(`${method} ${path} ${what} shows nothing in plain text, though node:http is patched`, async (t) => {
    const { origin, transport, recorder } = await setUp(t);
    const url = new URL(`/v2/dev/app/${path}`, origin);
    const headers = { authorization: `Bearer ${token}` };
    const sent = transport.send({ method, url, headers, signal, ...(body && { body }) });
    const { status } = await recorder.watch(sent);
    assert.ok(status >= 200, 'it was answered');
    recorder.assertAllTls();
    recorder.assertNothingInTheClear();
  });
}

test('looking at a certificate begins with TLS as well', async (t) => {
  const { origin, recorder } = await setUp(t);
  const options = { proxy: { url: undefined, bypass: [] }, environment: {}, signal };
  await recorder.watch(inspectCertificate(parseRegistryAddress(origin), options));
  assert.equal(recorder.connections.length, 1);
  recorder.assertAllTls();
});

test('the recorder sees plain text where there is some', async (t) => {
  const fakeGitea = await startFakeGitea({});
  t.after(() => fakeGitea.close());
  const recorder = await startRecorder({ to: fakeGitea.host, tls: false });
  t.after(() => recorder.close());
  recorder.marks.markSecret(token, 'dev');
  const origin = `http://${recorder.host}`;
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust: { allowHttp: true }, proxy: { url: undefined, bypass: [] } },
    ...{ environment: {}, userAgent: 'tea-chest/test' },
  });
  t.after(() => transport.close());
  const url = new URL('/v2/', origin);
  await transport.send({ method: 'GET', url, headers: { authorization: token }, signal });
  assert.throws(() => {
    recorder.assertNothingInTheClear();
  }, /passed in the clear/);
});
