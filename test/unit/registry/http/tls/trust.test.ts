import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import https, { type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { TeaChestError } from '../../../../../src/core/base/errors.ts';
import { certificateFolders } from '../../../../../src/core/registry/http/tls/certificateFolders.ts';
import { inspectCertificate } from '../../../../../src/core/registry/http/tls/inspectCertificate.ts';
import type { RegistryResponse } from '../../../../../src/core/registry/http/httpTypes.ts';
import { parseRegistryAddress } from '../../../../../src/core/registry/registryAddress.ts';
import { createTransport, type Transport } from '../../../../../src/core/registry/http/transport.ts';
import type { RegistryTrust } from '../../../../../src/core/registry/types.ts';
import { makeScratch } from '../../../../tools/scratch.ts';
import { Authority, putForDocker } from './authority.ts';

const signal = new AbortController().signal;

interface Server {
  readonly origin: string;
  /** `127.0.0.1:8443`, as folders are named. */
  readonly host: string;
  /** Of each request: the client certificate that was shown. */
  readonly shown: (string | undefined)[];
}

async function startServer(
  t: TestContext,
  options: ServerOptions,
  { answer, host = '127.0.0.1' }: { readonly answer?: RequestListener; readonly host?: string } = {},
): Promise<Server> {
  const shown: (string | undefined)[] = [];
  const server = https.createServer(options, (request, response) => {
    const peer = request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined;
    shown.push(peer?.fingerprint256.replaceAll(':', '').toLowerCase());
    if (answer === undefined) response.end('{}');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { origin: `https://${name}`, host: name, shown };
}

async function homeFor(t: TestContext): Promise<string> {
  const scratch = await makeScratch('home');
  t.after(() => scratch.remove());
  return scratch.path;
}

interface Client {
  readonly transport: Transport;
  readonly log: string[];
  ask(): Promise<RegistryResponse>;
}

function clientOf(t: TestContext, origin: string, home: string, trust: RegistryTrust = {}): Client {
  const log: string[] = [];
  const note = (line: string): void => void log.push(line);
  const transport = createTransport({
    ...{ address: parseRegistryAddress(origin), trust, proxy: { url: undefined, bypass: [] } },
    ...{ environment: { HOME: home }, userAgent: 'tea-chest/test', logger: { info: note, warn: note } },
  });
  t.after(() => transport.close());
  return { transport, log, ask: () => transport.send({ method: 'GET', url: new URL('/v2/', origin), signal }) };
}

async function failureOf(work: Promise<unknown>): Promise<TeaChestError> {
  return work.then(
    () => assert.fail('it went through'),
    (error: unknown) => error as TeaChestError,
  );
}

/** OpenSSL's own server: Node's closes the connection without the alert that others send. Gives its host and port. */
async function startStrictServer(t: TestContext, authority: Authority, version: 'tls1_2' | 'tls1_3'): Promise<string> {
  const home = await homeFor(t);
  const { cert, key } = await authority.issue('server');
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(home, name), content);
    return join(home, name);
  };
  const server = spawn('openssl', [
    ...['s_server', '-accept', '127.0.0.1:0', `-${version}`, '-www', '-Verify', '1', '-verify_return_error'],
    ...['-CAfile', await file('ca', authority.pem), '-cert', await file('cert', cert), '-key', await file('key', key)],
  ]);
  t.after(() => server.kill());
  let output = '';
  for await (const bytes of server.stdout as AsyncIterable<Buffer>) {
    output += bytes.toString();
    const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    if (port !== undefined) {
      server.stdout.on('data', () => undefined);
      return `127.0.0.1:${port}`;
    }
  }
  throw new Error(`openssl did not start: ${output}`);
}

test('folders of docker and podman, for the machine and for the person', () => {
  assert.deepEqual(certificateFolders({ HOME: '/home/ada' }), [
    '/etc/docker/certs.d',
    '/etc/containers/certs.d',
    '/home/ada/.docker/certs.d',
    '/home/ada/.config/docker/certs.d',
    '/home/ada/.config/containers/certs.d',
  ]);
});

test('an authority that docker has for this host and port vouches for it, and for no other', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const server = await startServer(t, { cert, key });
  const other = await startServer(t, { cert, key });
  const home = await homeFor(t);
  const file = await putForDocker(home, server.host, 'ca.crt', authority.pem);
  const client = clientOf(t, server.origin, home);
  assert.equal((await client.ask()).status, 200);
  assert.deepEqual(client.log, [`For ${server.host} these certificate files are used: ${file}.`]);
  const options = { proxy: { url: undefined, bypass: [] }, environment: { HOME: home }, signal };
  const { problem, trustedBy } = await inspectCertificate(parseRegistryAddress(server.origin), options);
  assert.deepEqual([problem, trustedBy], [undefined, `the file ${file}`]);
  await assert.rejects(clientOf(t, other.origin, home).ask(), { code: 'certificateUntrusted' });
});

test('the folder of podman counts as well, and several authorities in one file', async (t) => {
  const [first, second] = [await Authority.create(t), await Authority.create(t)];
  const { cert, key } = await second.issue('server');
  const server = await startServer(t, { cert, key });
  const home = await homeFor(t);
  const folder = join(home, '.config', 'containers', 'certs.d', server.host);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'all.crt'), first.pem + second.pem);
  assert.equal((await clientOf(t, server.origin, home).ask()).status, 200);
});

test('a file that exists and cannot be read is named, in the log and with the refused certificate', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const server = await startServer(t, { cert, key });
  const home = await homeFor(t);
  const file = join(home, '.docker', 'certs.d', server.host, 'ca.crt');
  // A folder of that name cannot be read as a file, not even by root.
  await mkdir(file, { recursive: true });
  const client = clientOf(t, server.origin, home);
  const error = await failureOf(client.ask());
  assert.equal(error.code, 'certificateUntrusted');
  for (const text of [error.message, client.log.join('\n')])
    assert.ok(text.includes(`${file} could not be read`), text);
});

for (const [what, name, content, pattern] of [
  ['an authority that is no certificate', 'ca.crt', 'nonsense', /ca\.crt cannot be used: it holds no PEM certificate/],
  [
    'a client certificate without its key',
    'client.cert',
    'x',
    /client\.cert cannot be used: .*client\.key, which belongs/,
  ],
  ['a key without its certificate', 'client.key', 'x', /client\.key cannot be used: .*client\.cert, which belongs/],
] as const) {
  test(`${what} is named, and nothing is sent`, async (t) => {
    const authority = await Authority.create(t);
    const { cert, key } = await authority.issue('server');
    const server = await startServer(t, { cert, key });
    const home = await homeFor(t);
    await putForDocker(home, server.host, name, content);
    const asking = clientOf(t, server.origin, home, { pinnedFingerprint: '0'.repeat(64) }).ask();
    await assert.rejects(asking, { code: 'argumentInvalid', message: pattern });
    assert.deepEqual(server.shown, []);
  });
}

test('a CA file that could not be read is read again the next time', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const server = await startServer(t, { cert, key });
  const home = await homeFor(t);
  const caFile = join(home, 'ca.pem');
  const client = clientOf(t, server.origin, home, { caFile });
  await assert.rejects(client.ask(), { code: 'argumentInvalid', message: /ca\.pem/ });
  await writeFile(caFile, authority.pem);
  assert.equal((await client.ask()).status, 200);
});

for (const version of ['tls1_2', 'tls1_3'] as const) {
  test(`${version}: a client certificate out of docker’s folder is shown where it is asked for`, async (t) => {
    const authority = await Authority.create(t);
    const host = await startStrictServer(t, authority, version);
    const home = await homeFor(t);
    await putForDocker(home, host, 'ca.crt', authority.pem);
    const missing = await failureOf(clientOf(t, `https://${host}`, home).ask());
    assert.match(missing.message, /ask(?:s)? for a client certificate/);
    assert.doesNotMatch(missing.message, /SSL routines|ssl3_/);
    if (version === 'tls1_3') assert.equal(missing.code, 'clientCertificateNeeded');
    const issued = await authority.issue('mine');
    const file = await putForDocker(home, host, 'client.cert', issued.cert);
    await putForDocker(home, host, 'client.key', issued.key);
    const client = clientOf(t, `https://${host}`, home);
    assert.equal((await client.ask()).status, 200);
    assert.ok(client.log[0]?.includes(file));
  });

  test(`${version}: a client certificate of somebody else is refused, and that is said`, async (t) => {
    const [authority, foreign] = [await Authority.create(t), await Authority.create(t)];
    const host = await startStrictServer(t, authority, version);
    const home = await homeFor(t);
    await putForDocker(home, host, 'ca.crt', authority.pem);
    const issued = await foreign.issue('mine');
    await putForDocker(home, host, 'client.cert', issued.cert);
    await putForDocker(home, host, 'client.key', issued.key);
    await assert.rejects(clientOf(t, `https://${host}`, home).ask(), {
      code: 'clientCertificateNeeded',
      message: /refuses the client certificate that it was shown\.$/,
    });
  });
}

test('a client certificate that was given for a registry is shown to it, and to no other host', async (t) => {
  const authority = await Authority.create(t);
  const asks = { requestCert: true, rejectUnauthorized: false, ca: authority.pem };
  const { cert, key } = await authority.issue('server');
  const server = await startServer(t, { cert, key, ...asks });
  const other = await startServer(t, { cert, key, ...asks });
  const home = await homeFor(t);
  const issued = await authority.issue('mine');
  const trust = { caFile: join(home, 'ca'), clientCertFile: join(home, 'cert'), clientKeyFile: join(home, 'key') };
  await writeFile(trust.caFile, authority.pem);
  await writeFile(trust.clientCertFile, issued.cert);
  await writeFile(trust.clientKeyFile, issued.key);
  const client = clientOf(t, server.origin, home, trust);
  await client.ask();
  await client.transport.send({ method: 'GET', url: new URL(other.origin), signal });
  assert.deepEqual([server.shown, other.shown], [[issued.fingerprint256], [undefined]]);
  await writeFile(trust.clientKeyFile, (await authority.issue('another')).key);
  const mixed = await failureOf(clientOf(t, server.origin, home, trust).ask());
  assert.match(mixed.message, /key is the key of another certificate/);
  await rm(trust.clientKeyFile);
  await assert.rejects(clientOf(t, server.origin, home, trust).ask(), {
    code: 'argumentInvalid',
    message: /home.*key/,
  });
});

test('what nginx answers where a client certificate is missing becomes a sentence', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const body =
    '<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>No required SSL certificate was sent</center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n';
  const answer: RequestListener = (_request, response) => response.writeHead(400).end(body);
  const server = await startServer(t, { cert, key }, { answer });
  const home = await homeFor(t);
  await putForDocker(home, server.host, 'ca.crt', authority.pem);
  const expected = { code: 'clientCertificateNeeded', message: /asks for a client certificate, and was shown none/ };
  await assert.rejects(clientOf(t, server.origin, home).ask(), expected);
});

test('TLS that is too old becomes a sentence; 1.3 alone is enough', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const home = await homeFor(t);
  const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  const old = await startServer(t, { cert, key, ...weak });
  const error = await failureOf(clientOf(t, old.origin, home).ask());
  assert.equal(error.code, 'tlsRefused');
  assert.match(error.message, /no version of TLS that is still safe \(1\.2 or 1\.3\)/);
  const today = await startServer(t, { cert, key, minVersion: 'TLSv1.3' });
  await putForDocker(home, today.host, 'ca.crt', authority.pem);
  assert.equal((await clientOf(t, today.origin, home).ask()).status, 200);
});

test('a certificate that is out of date and of an unknown authority: both are said, and the clock’s time', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server', { from: -30, to: -2 });
  const server = await startServer(t, { cert, key });
  const home = await homeFor(t);
  const unknown = await failureOf(clientOf(t, server.origin, home).ask());
  assert.equal(unknown.code, 'certificateInvalid');
  assert.match(unknown.message, /it has expired \(on \d{4}-/);
  assert.match(unknown.message, /its issuer is not known here/);
  assert.match(
    unknown.message,
    new RegExp(`by the clock of this machine it is \\w+ \\w+ \\d+ ${new Date().getFullYear()} `),
  );
  await putForDocker(home, server.host, 'ca.crt', authority.pem);
  const known = await failureOf(clientOf(t, server.origin, home).ask());
  assert.match(known.message, /it has expired/);
  assert.doesNotMatch(known.message, /issuer/);
});

test('a certificate that is not valid yet: its first day and the clock’s time are said', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server', { from: 2, to: 365 });
  const server = await startServer(t, { cert, key });
  const home = await homeFor(t);
  await putForDocker(home, server.host, 'ca.crt', authority.pem);
  const error = await failureOf(clientOf(t, server.origin, home).ask());
  assert.match(error.message, /it is not valid yet \(only from \d{4}-.*by the clock of this machine it is \w+ /);
  assert.doesNotMatch(error.message, /issuer/);
});

test('a missing intermediate is an unknown issuer, one that has expired is distinguished from the certificate', async (t) => {
  const authority = await Authority.create(t);
  const intermediate = await authority.issue('intermediate', { from: -30, to: -2, isAuthority: true });
  const below = await Authority.below(t, intermediate);
  const { cert, key } = await below.issue('server');
  const home = await homeFor(t);
  const alone = await startServer(t, { cert, key });
  await putForDocker(home, alone.host, 'ca.crt', authority.pem);
  await assert.rejects(clientOf(t, alone.origin, home).ask(), { code: 'certificateUntrusted' });
  const whole = await startServer(t, { cert: cert + intermediate.cert, key });
  await putForDocker(home, whole.host, 'ca.crt', authority.pem);
  const error = await failureOf(clientOf(t, whole.origin, home).ask());
  assert.match(error.message, /a certificate behind it, of those that vouch for it, has expired/);
  assert.doesNotMatch(error.message, /issuer is not known/);
});

test('a registry at an IPv6 address is reached, by https and by http', async (t) => {
  const authority = await Authority.create(t);
  const { cert, key } = await authority.issue('server');
  const server = await startServer(t, { cert, key }, { host: '::1' });
  const home = await homeFor(t);
  await putForDocker(home, server.host, 'ca.crt', authority.pem);
  assert.equal((await clientOf(t, server.origin, home).ask()).status, 200);
  const hosts: (string | undefined)[] = [];
  const plain = createHttpServer((request, response) => {
    hosts.push(request.headers.host);
    response.end('{}');
  });
  await new Promise<void>((resolve) => plain.listen(0, '::1', resolve));
  t.after(() => plain.close());
  const host = `[::1]:${(plain.address() as AddressInfo).port}`;
  assert.equal((await clientOf(t, `http://${host}`, home, { allowHttp: true }).ask()).status, 200);
  assert.deepEqual(hosts, [host]);
});
