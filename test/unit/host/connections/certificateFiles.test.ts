import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { TLSSocket, type SecureVersion, type TlsOptions } from 'node:tls';
import { readSignInArguments } from '../../../../src/host/commands/arguments.ts';
import type { ClientCertificateFiles, Consent } from '../../../../src/host/connections/verifyServerTrust.ts';
import { tryAddress, type AnsweredAddress } from '../../../../src/host/connections/tryAddress.ts';
import { makeScratch } from '../../../tools/scratch.ts';
import { Authority, type Issued } from '../../registry/http/tls/authority.ts';
import { openRegistry } from '../../registry/localRegistry.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import { buildHost, connectionTo, type Host } from '../support/hostFakes.ts';

useFakeVscode();
const { mergeTrust } = await import('../../../../src/host/commands/signIn.ts');
const { chooseClientCertificate, trustCertificate } = await import('../../../../src/host/connections/reconnect.ts');

const options = { signal: new AbortController().signal };

async function startServer(
  t: TestContext,
  authority: Authority,
  more: TlsOptions = {},
  answer: RequestListener = openRegistry,
): Promise<string> {
  const { cert, key } = await authority.issue('server');
  const server = createServer({ cert, key, ...more }, answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function folderFor(t: TestContext): Promise<(name: string, text: string) => Promise<string>> {
  const scratch = await makeScratch('certificates');
  t.after(() => scratch.remove());
  return async (name, text) => {
    await writeFile(join(scratch.path, name), text);
    return join(scratch.path, name);
  };
}

interface Person extends Consent {
  /** Whatever they were shown, in order. */
  readonly asked: string[];
}

/** Gives these answers, one after the other, and no more. */
function person(answers: {
  certificate?: Awaited<ReturnType<Consent['toCertificate']>>[];
  client?: (ClientCertificateFiles | undefined)[];
  leaveOut?: boolean[];
}): Person {
  const asked: string[] = [];
  const next = <T>(from: T[] | undefined, text: string): Promise<T> => {
    asked.push(text);
    if (from === undefined || from.length === 0) assert.fail(`nobody expected: ${text}`);
    return Promise.resolve(from.shift() as T);
  };
  return {
    asked,
    toCertificate: ({ message, detail }) => next(answers.certificate, [message, ...detail].join('\n')),
    toPlainHttp: () => assert.fail('nothing here is http'),
    toClientCertificate: (why) => next(answers.client, why),
    toLeaveOutFiles: (why) => next(answers.leaveOut, why),
  };
}

function attempt({ access, store }: Host, consent: Consent, text: string): Promise<AnsweredAddress | undefined> {
  return tryAddress({ auth: access.auth, store, consent }, { text, decided: [], closedOrigin: undefined }, options);
}

suite('a CA file that a person chooses', () => {
  test('is trusted for the registry, and is saved instead of a fingerprint', async (t) => {
    const [authority, save] = [await Authority.create(t), await folderFor(t)];
    const origin = await startServer(t, authority);
    const host = buildHost(t);
    const caFile = await save('ca.pem', authority.pem);
    const somebody = person({ certificate: [{ caFile }] });
    assert.deepEqual((await attempt(host, somebody, origin))?.reached.trust, { caFile });
    assert.deepEqual(host.store.find(origin)?.trust, { caFile });
    assert.match(somebody.asked.join(), /Nobody this machine trusts vouches/);
    assert.ok((await attempt(host, person({}), origin)) !== undefined, 'nobody is asked the second time');
  });

  test('that does not vouch for it is named when the person is asked again', async (t) => {
    const [authority, other, save] = [await Authority.create(t), await Authority.create(t), await folderFor(t)];
    const origin = await startServer(t, authority);
    const host = buildHost(t);
    const wrong = await save('other.pem', other.pem);
    const caFile = await save('ca.pem', authority.pem);
    const somebody = person({ certificate: [{ caFile: wrong }, { caFile }] });
    assert.deepEqual((await attempt(host, somebody, origin))?.reached.trust, { caFile });
    assert.doesNotMatch(somebody.asked[0] ?? '', /CA file/);
    assert.ok(somebody.asked[1]?.includes(`CA file in use: ${wrong}`));
    const no = person({ certificate: [{ caFile: wrong }, undefined] });
    assert.equal(await attempt(buildHost(t), no, origin), undefined);
  });

  test('replaces a pinned certificate that has changed', async (t) => {
    const [authority, save] = [await Authority.create(t), await folderFor(t)];
    const origin = await startServer(t, authority);
    const { access, store } = buildHost(t);
    const connection = connectionTo(origin, { username: '', trust: { pinnedFingerprint: 'ab'.repeat(32) } });
    await store.save(connection, undefined);
    const caFile = await save('ca.pem', authority.pem);
    const somebody = person({ certificate: [{ caFile }] });
    assert.equal(await trustCertificate({ auth: access.auth, store, consent: somebody }, connection), true);
    assert.deepEqual(store.find(origin)?.trust, { caFile });
  });

  test('and is gone later keeps nobody out: it can be left out, and another chosen', async (t) => {
    const [authority, save] = [await Authority.create(t), await folderFor(t)];
    const origin = await startServer(t, authority);
    const host = buildHost(t);
    const gone = await save('gone.pem', authority.pem);
    const caFile = await save('ca.pem', authority.pem);
    await attempt(host, person({ certificate: [{ caFile: gone }] }), origin);
    await rm(gone);
    assert.equal(await attempt(host, person({ leaveOut: [false] }), origin), undefined);
    const somebody = person({ leaveOut: [true], certificate: [{ caFile }] });
    assert.deepEqual((await attempt(host, somebody, origin))?.reached.trust, { caFile });
    assert.ok(somebody.asked[0]?.includes(gone));
  });
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[]) {
  suite(`${version}: a client certificate that a registry wants`, () => {
    async function strict(t: TestContext) {
      const [authority, save] = [await Authority.create(t), await folderFor(t)];
      const asks = { requestCert: true, rejectUnauthorized: true, ca: authority.pem };
      const origin = await startServer(t, authority, { ...asks, minVersion: version, maxVersion: version });
      const caFile = await save('ca.pem', authority.pem);
      const { cert, key } = await authority.issue('mine');
      const files = { clientCertFile: await save('my.crt', cert), clientKeyFile: await save('my.key', key) };
      return { origin, caFile, files };
    }

    test('is asked for, shown, and kept', async (t) => {
      const { origin, caFile, files } = await strict(t);
      const host = buildHost(t);
      const somebody = person({ certificate: [{ caFile }, { caFile }], client: [files] });
      const answered = await attempt(host, somebody, origin);
      assert.deepEqual(answered?.reached.trust, { caFile, ...files });
      assert.deepEqual(host.store.find(origin)?.trust, { caFile, ...files });
      assert.ok(somebody.asked.some((text) => /ask(?:s)? for a client certificate/.test(text)));
    });

    test('is not had: nothing is kept', async (t) => {
      const { origin, caFile } = await strict(t);
      const host = buildHost(t);
      const no = person({ certificate: [{ caFile }, { caFile }], client: [undefined] });
      await assert.rejects(attempt(host, no, origin), /ask(?:s)? for a client certificate/);
      assert.deepEqual(host.store.list(), []);
    });
  });
}

suite('a client certificate that a saved registry wants', () => {
  /** As nginx does it, which has no alert for that. */
  const answerAsNginx: RequestListener = ({ socket }, response) => {
    assert.ok(socket instanceof TLSSocket);
    const isShown = Object.keys(socket.getPeerCertificate()).length > 0;
    const problem = isShown ? 'The SSL certificate error' : 'No required SSL certificate was sent';
    if (socket.authorized) response.end('{}');
    else response.writeHead(400, { 'content-type': 'text/html' }).end(`<html><title>400 ${problem}</title></html>`);
  };

  test('is asked for again where another is refused; without one nothing changes', async (t) => {
    const [authority, save] = [await Authority.create(t), await folderFor(t)];
    const asks = { requestCert: true, rejectUnauthorized: false, ca: authority.pem };
    const origin = await startServer(t, authority, asks, answerAsNginx);
    const caFile = await save('ca.pem', authority.pem);
    const pair = async (name: string, { cert, key }: Issued): Promise<ClientCertificateFiles> => ({
      clientCertFile: await save(`${name}.crt`, cert),
      clientKeyFile: await save(`${name}.key`, key),
    });
    const mine = await pair('mine', await authority.issue('mine'));
    const foreign = await pair('foreign', await (await Authority.create(t)).issue('foreign'));
    const { access, store } = buildHost(t);
    const host = { auth: access.auth, store };
    const connection = connectionTo(origin, { kind: 'generic', username: '', trust: { caFile } });
    await store.save(connection, undefined);

    const nobody = person({ client: [undefined] });
    assert.equal(await chooseClientCertificate({ ...host, consent: nobody }, connection), false);
    const unsure = person({ client: [foreign, undefined] });
    await assert.rejects(chooseClientCertificate({ ...host, consent: unsure }, connection), {
      code: 'clientCertificateNeeded',
    });
    assert.deepEqual(store.find(origin)?.trust, { caFile });

    const somebody = person({ client: [foreign, mine] });
    assert.equal(await chooseClientCertificate({ ...host, consent: somebody }, connection), true);
    assert.match(somebody.asked[1] ?? '', /refuses the client certificate/);
    assert.deepEqual(store.find(origin)?.trust, { caFile, ...mine });
  });

  test('and a secret for this session only, which is not stored then', async (t) => {
    const [authority, save] = [await Authority.create(t), await folderFor(t)];
    const asks = { requestCert: true, rejectUnauthorized: false, ca: authority.pem };
    const origin = await startServer(t, authority, asks, answerAsNginx);
    const caFile = await save('ca.pem', authority.pem);
    const { cert, key } = await authority.issue('mine');
    const mine = { clientCertFile: await save('mine.crt', cert), clientKeyFile: await save('mine.key', key) };
    const { access, store, secrets } = buildHost(t);
    const connection = connectionTo(origin, { kind: 'generic', trust: { caFile } });
    const credential = { username: 'dev', secret: 'marked-secret' };
    await store.save(connection, credential, { sessionOnly: true });
    const consent = person({ client: [mine] });
    assert.equal(await chooseClientCertificate({ auth: access.auth, store, consent }, connection), true);
    assert.deepEqual([await store.credential(origin), await secrets.keys()], [credential, []]);
  });
});

suite('certificate files in the arguments of a sign-in', () => {
  const url = 'https://gitea.test';
  const files = { clientCertFile: '/certs/me.crt', clientKeyFile: '/certs/me.key' };

  test('are kept beside what was decided before; a CA file replaces a fingerprint', () => {
    const saved = { pinnedFingerprint: 'ab'.repeat(32), clientCertFile: '/old.crt', clientKeyFile: '/old.key' };
    const given = readSignInArguments({ url, caFile: '/certs/ca.pem', ...files });
    assert.deepEqual(mergeTrust(given, saved), { caFile: '/certs/ca.pem', ...files });
    assert.deepEqual(mergeTrust(readSignInArguments({ url }), saved), saved);
    const both = readSignInArguments({ url, caFile: '/certs/ca.pem', trustFingerprint: 'cd'.repeat(32) });
    assert.deepEqual(mergeTrust(both, {}), { caFile: '/certs/ca.pem', pinnedFingerprint: 'cd'.repeat(32) });
  });

  test('are absolute, and a certificate has its key', () => {
    for (const wrong of ['ca.pem', './ca.pem', '~/ca.pem', '', 7]) {
      assert.throws(() => readSignInArguments({ url, caFile: wrong }), { code: 'argumentInvalid', message: /caFile/ });
    }
    for (const key of ['clientCertFile', 'clientKeyFile'] as const) {
      const half = readSignInArguments({ url, [key]: files[key] });
      assert.throws(() => mergeTrust(half, {}), { code: 'argumentInvalid', message: /needed together/ });
    }
  });
});
