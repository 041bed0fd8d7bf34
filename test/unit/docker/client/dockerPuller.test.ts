import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { isInsecureForDocker, registryForPodman } from '../../../../src/core/docker/client/insecureRegistries.ts';
import type { EnginePuller, EnginePullStep } from '../../../../src/core/ports/enginePuller.ts';
import { engineAt, json, startFakeEngine, type Handler } from './fakeEngine.ts';

const { signal } = new AbortController();
const image = { repository: 'gitea.test/dev/app', reference: `sha256:${'a'.repeat(64)}` };
const lines =
  (...all: readonly object[]): Handler =>
  (_request, response) => {
    response.end(all.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
  };

async function collect(steps: AsyncIterable<EnginePullStep>): Promise<EnginePullStep[]> {
  const all: EnginePullStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

describe('an engine that pulls', () => {
  it('gets name, digest, platform and credential, the credential in its header alone', async () => {
    let seen: IncomingMessage | undefined;
    await using fake = await startFakeEngine({
      '/images/create': (request, response) => {
        seen = request;
        response.end('');
      },
    });
    const credential = { username: 'dev', secret: 'geheim?ü' };
    await collect(fake.engine.puller().pull(image, { signal, credential, platform: 'linux/arm64' }));
    const { searchParams } = new URL(seen?.url ?? '', 'http://engine');
    assert.deepEqual(Object.fromEntries(searchParams), {
      ...{ fromImage: image.repository, tag: image.reference, platform: 'linux/arm64' },
    });
    const auth = Buffer.from(String(seen?.headers['x-registry-auth']), 'base64url').toString();
    assert.deepEqual(JSON.parse(auth), { username: 'dev', password: 'geheim?ü', serveraddress: 'gitea.test' });
    assert.ok(fake.requests.every((path) => !path.includes('geheim')));
    await collect(fake.engine.puller().pull(image, { signal }));
    assert.equal(seen?.headers['x-registry-auth'], undefined);
  });

  it('reports each layer’s state and bytes', async () => {
    await using fake = await startFakeEngine({
      '/images/create': lines(
        { status: 'Pulling from dev/app', id: '1' },
        { status: 'Pulling fs layer', progressDetail: {}, id: 'aaaaaaaaaaaa' },
        { status: 'Downloading', progressDetail: { current: 5, total: 9 }, id: 'aaaaaaaaaaaa' },
        { status: 'Already exists', progressDetail: {}, id: 'bbbbbbbbbbbb' },
        { status: 'Pull complete', progressDetail: {}, id: 'aaaaaaaaaaaa' },
        { status: 'Status: Downloaded newer image for gitea.test/dev/app:1' },
      ),
    });
    const steps = await collect(fake.engine.puller().pull(image, { signal }));
    assert.deepEqual(
      steps.map(({ id, state, current, total }) => [id[0], state, current, total]),
      [
        ['a', 'waiting', undefined, undefined],
        ['a', 'downloading', 5, 9],
        ['b', 'exists', undefined, undefined],
        ['a', 'done', undefined, undefined],
      ],
    );
  });

  it('fails with the engine’s message, in the stream or before it', async () => {
    const message = 'Get "https://gitea.test/v2/": x509: certificate signed by unknown authority';
    const answers = [lines({ errorDetail: { message }, error: message }), json(500, { message })];
    for (const answer of answers) {
      await using fake = await startFakeEngine({ '/images/create': answer });
      await assert.rejects(collect(fake.engine.puller().pull(image, { signal })), (error) => {
        assert.ok(error instanceof TeaChestError);
        assert.deepEqual([error.code, error.facts['message']], ['engineFailed', message]);
        return true;
      });
    }
  });

  it('is stopped by a cancel, which closes its connection', async () => {
    const cancel = new AbortController();
    const closed = Promise.withResolvers<unknown>();
    await using fake = await startFakeEngine({
      '/images/create': (request, response) => {
        response.write(`${JSON.stringify({ status: 'Pulling fs layer', id: 'aaaaaaaaaaaa' })}\n`);
        closed.resolve(once(request.socket, 'close'));
      },
    });
    const pulling = (async () => {
      for await (const step of fake.engine.puller().pull(image, { signal: cancel.signal })) {
        assert.equal(step.state, 'waiting');
        cancel.abort();
      }
    })();
    await assert.rejects(pulling, { code: 'cancelled' });
    await closed.promise;
  });

  it('is given an archive as it is made, and its failure is the archive’s', async () => {
    let received: Buffer | undefined;
    await using fake = await startFakeEngine({
      '/images/load': (request, response) => {
        void buffer(request).then(
          (bytes) => {
            received = bytes;
            response.end('{"stream":"Loaded image"}\n');
          },
          () => undefined,
        );
      },
    });
    const puller = fake.engine.puller();
    const archive = async function* (error?: Error): AsyncGenerator<Uint8Array> {
      yield Buffer.from('first ');
      if (error !== undefined) throw error;
      yield Buffer.from('second');
    };
    await puller.load(archive(), { signal });
    assert.equal(received?.toString(), 'first second');
    received = undefined;
    await assert.rejects(puller.load(archive(new TeaChestError('digestMismatch', 'other bytes')), { signal }), {
      code: 'digestMismatch',
    });
    assert.equal(received, undefined, 'the engine never got a whole archive');
  });

  it('gets no credential over tcp without TLS, and is not on this machine', () => {
    const at = (host: string): EnginePuller => engineAt(host).puller();
    const facts = (host: string): unknown[] => [at(host).isConfidential, at(host).local !== undefined];
    assert.deepEqual(facts('unix:///run/docker.sock'), [true, true]);
    assert.deepEqual(facts('tcp://127.0.0.1:2375'), [false, false]);
    assert.deepEqual(facts('tcp://build.test:2375'), [false, false]);
    assert.deepEqual(facts('ssh://dev@build.test'), [true, false]);
  });
});

describe('a registry that docker does not check', () => {
  const info = (names: Readonly<Record<string, boolean>>, ...networks: string[]): unknown => ({
    RegistryConfig: {
      IndexConfigs: Object.fromEntries(Object.entries(names).map(([name, Secure]) => [name, { Secure }])),
      InsecureRegistryCIDRs: ['127.0.0.0/8', ...networks],
    },
  });
  const addresses: Readonly<Record<string, string>> = { 'gitea.test': '10.1.2.3', 'other.test': '192.0.2.9' };
  const find = (name: string): Promise<{ address: string }[]> => {
    const address = addresses[name];
    return address === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve([{ address }]);
  };
  const cases: readonly (readonly [string, unknown, string, boolean])[] = [
    ['is not listed', info({ 'docker.io': true }), 'gitea.test', false],
    ['is listed with its port', info({ 'gitea.test:5000': false }), 'gitea.test:5000', true],
    ['is listed with another port', info({ 'gitea.test:5000': false }), 'gitea.test', false],
    ['has an address in a listed network', info({}, '10.0.0.0/8'), '10.1.2.3:3000', true],
    ['has an IPv6 address in one', info({}, '2001:db8::/32'), '[2001:db8::1]:3000', true],
    ['has a name that leads into one', info({}, '10.0.0.0/8'), 'gitea.test', true],
    ['has a name that leads elsewhere', info({}, '10.0.0.0/8'), 'other.test', false],
    ['has a name that may lead there', info({}, '10.0.0.0/8'), 'unknown.test', true],
    ['is of an engine that says nothing', {}, 'gitea.test', false],
  ];
  for (const [name, answer, host, expected] of cases) {
    it(`${name}: ${String(expected)}`, async () => {
      assert.equal(await isInsecureForDocker(answer, host, find), expected);
    });
  }

  it('and the same for podman, by registries.conf', () => {
    const answer = { registries: { 'gitea.test:5000': { Insecure: true }, 'other.test': {}, search: ['docker.io'] } };
    const hosts = ['gitea.test:5000', 'other.test', 'gitea.test', 'search'];
    assert.deepEqual(
      hosts.map((host) => registryForPodman(answer, host).isInsecure),
      [true, false, false, false],
    );
  });

  it('of podman may have settings for a domain, any port or some repositories, and another address or mirrors', () => {
    // As podman 4.3.1 gives them.
    const usual = { Insecure: false, Location: '', Mirrors: null };
    const answer = {
      registries: {
        '*.lan.test': { ...usual, Prefix: '*.lan.test', Insecure: true },
        'gitea.test/dev': { ...usual, Prefix: 'gitea.test/dev', Location: 'mirror.test/dev' },
        'plain.test': { ...usual, Prefix: 'plain.test', Location: 'plain.test' },
        'mirrored.test': {
          ...usual,
          Location: 'mirrored.test',
          Mirrors: [{ Location: 'other.test', Insecure: false }],
        },
      },
    };
    const hosts = ['a.lan.test', 'a.lan.test:3000', 'lan.test', 'gitea.test:3000', 'plain.test', 'mirrored.test'];
    assert.deepEqual(
      hosts.map((host) => Object.values(registryForPodman(answer, host))),
      [
        [true, false],
        [true, false],
        [false, false],
        [false, true],
        [false, false],
        [false, true],
      ],
    );
  });
});
