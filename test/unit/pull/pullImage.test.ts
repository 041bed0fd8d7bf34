import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sleep } from '../../../src/core/base/cancel.ts';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../src/core/ports/blobSource.ts';
import type { PullEvent, PullResult } from '../../../src/core/pull/pullEvents.ts';
import { pullImage } from '../../../src/core/pull/pullImage.ts';
import type { PullParts, PullRequest } from '../../../src/core/pull/pullParts.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { startFakeGitea, type FakeGitea } from '../../fakeGitea/fakeGitea.ts';
import type { Fault } from '../../fakeGitea/http/faults.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { pushImage, pushIndex } from '../gitea/pushContent.ts';
import { clientFor, dev, never, type TestClient } from '../gitea/testClient.ts';
import { FakePuller } from './fakePuller.ts';

const layerSize = 300_000;

describe('a pull', () => {
  let gitea: FakeGitea;
  let client: TestClient;
  let engine: FakePuller;
  let events: PullEvent[];
  let log: string[];
  let config: Digest;
  let layer: Digest;

  beforeEach(async () => {
    gitea = await startFakeGitea();
    client = clientFor(gitea.url, { credential: dev });
    engine = new FakePuller();
    events = [];
    log = [];
    await pushImage(client, 'dev/app', ['1'], { layerSize });
    [config, layer] = await blobsOf('app', '1');
    gitea.clearRequests();
  });
  afterEach(async () => {
    await client.close();
    await gitea.close();
  });

  async function blobsOf(image: string, reference: string): Promise<[Digest, Digest]> {
    const { bytes } = (await gitea.manifest('dev', image, reference)) ?? assert.fail();
    const read = JSON.parse(bytes.toString()) as { config: { digest: Digest }; layers: [{ digest: Digest }] };
    return [read.config.digest, read.layers[0].digest];
  }

  const name = (reference: string): string => `${gitea.host}/dev/${reference}`;

  async function pull(
    reference: { readonly tag: string } | { readonly digest: Digest } = { tag: '1' },
    options: Partial<PullRequest> & { readonly registry?: Partial<PullParts['registry']>; image?: string } = {},
  ): Promise<PullResult> {
    const { image = 'app', registry, ...request } = options;
    const logger = { ...silentLogger, info: (line: string) => void log.push(line) };
    const secret = 'of this installation';
    const endpoint = new RelayEndpoint({ port: 0, secret, onPort: () => undefined, logger });
    return await pullImage(
      {
        ...{ reference: { host: gitea.host, repository: `dev/${image}`, ...reference }, signal: never },
        ...{ mayMoveTag: () => assert.fail('no tag is moved'), onEvent: (event) => events.push(event) },
        ...request,
      },
      {
        ...{ puller: engine, repository: await client.repository(`dev/${image}`, { signal: never }), logger },
        registry: { origin: gitea.origin, host: gitea.host, isPinned: false, isLoopback: true, ...registry },
        ...{ credential: dev, relay: { endpoint, reachability: new Reachability(() => 0) } },
        sleep: (ms, signal) => sleep(ms / 100, signal),
      },
    );
  }

  const rejects = (work: Promise<unknown>, code: string, message: RegExp): Promise<void> =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof TeaChestError, String(error));
      assert.deepEqual([error.code, error.stage], [code, 'pull']);
      assert.match(error.message, message);
      return true;
    });

  const namesLeft = (): string[] => [...engine.images.keys()].filter((one) => one.includes('tea-chest'));

  it('through the relay gives the engine the image under its name, and leaves no other name', async () => {
    const result = await pull();
    const stored = await gitea.manifest('dev', 'app', '1');
    assert.deepEqual(
      { ...result, durationMs: 0 },
      {
        ...{ reference: name('app:1'), id: config, digest: stored?.digest },
        ...{ downloadedBytes: layerSize, durationMs: 0, way: 'relay' },
      },
    );
    assert.deepEqual([...engine.images], [[name('app:1'), config]]);
    assert.deepEqual(engine.calls, ['pull from the endpoint']);
  });

  it('does not move a byte if the engine has the image, and adds a name if it has it under another', async () => {
    engine.images.set(name('app:1'), config);
    assert.equal((await pull()).way, 'none');
    engine.images.clear();
    engine.images.set('local:2', config);
    const { way, downloadedBytes, reference } = await pull();
    assert.deepEqual([way, downloadedBytes, reference], ['none', 0, name('app:1')]);
    assert.deepEqual([engine.images.get(name('app:1')), engine.calls], [config, []]);
    assert.ok(gitea.requests.every(({ path }) => !path.includes(layer)));
  });

  it('asks before a tag of the engine is moved to another image, and leaves it if that is refused', async () => {
    const local = digestOf(Buffer.from('built here'));
    engine.images.set(name('app:1'), local);
    let asked: unknown;
    const answer = (yes: boolean) => (move: { reference: string; current: { id: string }; digest: string }) => {
      asked = [move.reference, move.current.id, move.digest];
      return Promise.resolve(yes);
    };
    await rejects(pull(undefined, { mayMoveTag: answer(false) }), 'cancelled', /stays/);
    assert.deepEqual(asked, [name('app:1'), local, (await gitea.manifest('dev', 'app', '1'))?.digest]);
    assert.deepEqual([...engine.images.values()], [local]);
    await pull(undefined, { mayMoveTag: answer(true) });
    assert.equal(engine.images.get(name('app:1')), config);
  });

  it('is of the digest that the tag had at first, though the tag moves meanwhile', async () => {
    let moving: Promise<unknown> | undefined;
    engine.onRequest = () => {
      moving ??= pushImage(client, 'dev/app', ['1'], { layerSize: 10 });
    };
    const { id } = await pull();
    assert.ok(await moving);
    assert.equal(id, config);
  });

  it('by digest gets a tag that is made of it', async () => {
    const { digest } = (await gitea.manifest('dev', 'app', '1')) ?? assert.fail();
    const { reference } = await pull({ digest: digest as Digest });
    assert.equal(reference, name(`app:sha256-${digest.slice(7, 19)}`));
    assert.equal(engine.images.get(reference), config);
  });

  describe('by the engine itself', () => {
    const remote = { origin: 'https://gitea.test', isLoopback: false };

    it('is of the digest, with the credential, and is named afterwards', async () => {
      const { digest } = (await gitea.manifest('dev', 'app', '1')) ?? assert.fail();
      let used: unknown;
      engine.direct = (_name, credential) => {
        used = credential;
        return config;
      };
      const { way, reference } = await pull(undefined, { registry: remote });
      assert.deepEqual([way, reference, used], ['engine', name('app:1'), dev]);
      assert.deepEqual(engine.calls, [`pull ${name('app')}@${digest}`]);
      assert.equal(engine.images.get(name('app:1')), config);
    });

    it('is not called a success if the engine has another image then', async () => {
      engine.direct = () => digestOf(Buffer.from('another'));
      await rejects(pull(undefined, { registry: remote }), 'imageMismatch', /not the image/);
      assert.equal(engine.images.has(name('app:1')), false);
    });

    for (const message of [
      'Get "https://gitea.test/v2/": x509: certificate signed by unknown authority',
      'Get "https://gitea.test/v2/": dial tcp: lookup gitea.test on 10.0.0.2:53: no such host',
      'error pulling image: Get "http://minio.invalid:9000/x": dial tcp: lookup minio.invalid: no such host',
      'http: server gave HTTP response to HTTPS client',
    ]) {
      it(`is replaced by the relay after “${message}”`, async () => {
        engine.direct = message;
        assert.equal((await pull(undefined, { registry: remote })).way, 'relay');
        assert.equal(engine.calls.length, 2);
        assert.ok(
          log.some((line) => line.includes(message)),
          'the log says why',
        );
      });
    }

    it('is replaced by an archive if the engine does not reach the relay either', async () => {
      engine.direct = 'connection refused';
      engine.isReachable = false;
      assert.equal((await pull(undefined, { registry: remote })).way, 'archive');
      assert.deepEqual([...engine.images], [[name('app:1'), config]]);
    });

    it('is not replaced after a failure that another way would have too', async () => {
      engine.direct = 'write /var/lib/docker/tmp/1: no space left on device';
      await rejects(pull(undefined, { registry: remote }), 'engineFull', /There is no room/);
      assert.equal(engine.calls.length, 1);
    });
  });

  it('gives a remote engine an archive, and the credential stays here', async () => {
    engine.whyNotLocal = 'It is reached over the network.';
    engine.isConfidential = false;
    engine.direct = () => assert.fail('the engine is not asked to pull');
    const { way } = await pull(undefined, { registry: { origin: 'https://gitea.test', isLoopback: false } });
    assert.equal(way, 'archive');
    assert.deepEqual(engine.calls, ['load']);
    assert.deepEqual([...engine.images], [[name('app:1'), config]]);
  });

  describe('of an index', () => {
    let platforms: Digest[];
    beforeEach(async () => {
      platforms = [
        await pushImage(client, 'dev/multi', [], { layerSize: 500 }),
        await pushImage(client, 'dev/multi', [], { architecture: 'arm64', layerSize: 600 }),
      ];
    });

    it('takes the engine’s own platform', async () => {
      await pushIndex(client, 'dev/multi', '1', platforms);
      const { id, downloadedBytes } = await pull(undefined, { image: 'multi' });
      assert.deepEqual([id, downloadedBytes], [(await blobsOf('multi', platforms[0] ?? ''))[0], 500]);
    });

    it('that lacks it names the platforms that there are', async () => {
      await pushIndex(client, 'dev/multi', '1', platforms);
      engine.description = { ...engine.description, platform: { os: 'linux', architecture: 's390x' } };
      await rejects(pull(undefined, { image: 'multi' }), 'platformNeeded', /linux\/s390x.*linux\/amd64, linux\/arm64/);
      assert.deepEqual(engine.calls, []);
    });

    it('gives the platform that was asked for', async () => {
      await pushIndex(client, 'dev/multi', '1', platforms);
      engine.whyNotLocal = 'It is remote.';
      const { id } = await pull(undefined, { image: 'multi', platform: 'linux/arm64' });
      assert.equal(id, (await blobsOf('multi', platforms[1] ?? ''))[0]);
    });
  });

  describe('is refused before a byte moves', () => {
    async function storeManifest(image: string, manifest: object): Promise<void> {
      const repository = await client.repository(`dev/${image}`, { signal: never });
      const empty = Buffer.from('{}');
      await repository.uploadBlob(bytesSource(empty, digestOf(empty)), { signal: never, onSent: () => undefined });
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...manifest }));
      await repository.putManifest('1', bytes, mediaTypes.ociManifest, { signal: never });
    }
    const empty = { digest: digestOf(Buffer.from('{}')), size: 2 };

    it('if it is no image', async () => {
      const helm = { mediaType: 'application/vnd.cncf.helm.config.v1+json', ...empty };
      await storeManifest('chart', { config: helm, layers: [] });
      await rejects(
        pull(undefined, { image: 'chart' }),
        'imageUnsupported',
        /artifact of the type application\/vnd\.cncf/,
      );
    });

    it('if the engine cannot unpack zstd', async () => {
      await storeManifest('zstd', {
        config: { mediaType: mediaTypes.ociConfig, ...empty },
        layers: [{ mediaType: mediaTypes.ociLayerZstd, ...empty }],
      });
      engine.description = { ...engine.description, name: 'Docker 20.10.24', readsZstd: false };
      const message = /zstd, which Docker 20\.10\.24 cannot unpack: Docker 23 or newer is needed/;
      await rejects(pull(undefined, { image: 'zstd' }), 'imageUnsupported', message);
    });

    it('if the registry has no such tag', async () => {
      await rejects(pull({ tag: 'nope' }), 'manifestUnknown', /has no .*dev\/app:nope/);
    });

    afterEach(() => {
      assert.deepEqual([engine.calls, [...engine.images]], [[], []]);
    });
  });

  describe('whose layer', () => {
    const ofLayer = (): Pick<Fault, 'method' | 'path'> => ({ method: 'GET', path: new RegExp(`blobs/${layer}`) });
    const faults: Readonly<Record<string, Omit<Fault, 'method' | 'path'>>> = {
      'is cut off': { action: { kind: 'cutReply', afterBytes: 100_000 } },
      'is cut off twice': { times: 2, action: { kind: 'cutReply', afterBytes: 200_000 } },
      'is answered with 503': { action: { kind: 'answer', reply: { status: 503, body: 'busy', headers: {} } } },
      'is reset': { action: { kind: 'reset' } },
      'comes after the token has expired': { action: { kind: 'expireTokens' } },
    };
    for (const way of ['relay', 'archive'] as const) {
      for (const [fault, armed] of Object.entries(faults)) {
        it(`${fault} is whole in the end (${way})`, async () => {
          if (way === 'archive') engine.whyNotLocal = 'It is remote.';
          const handle = gitea.faults.add({ ...ofLayer(), ...armed });
          const result = await pull();
          assert.ok(handle.strikes > 0, 'the fault has happened');
          assert.deepEqual([result.way, engine.images.get(name('app:1'))], [way, config]);
          assert.deepEqual(namesLeft(), []);
        });
      }

      it(`has other bytes never becomes an image, and the error says so (${way})`, async () => {
        if (way === 'archive') engine.whyNotLocal = 'It is remote.';
        const body = 'x'.repeat(layerSize);
        const reply = { status: 200, body, headers: { 'Content-Length': String(layerSize) } };
        gitea.faults.add({ ...ofLayer(), times: Infinity, action: { kind: 'answer', reply } });
        await rejects(pull(), 'digestMismatch', new RegExp(layer));
        assert.deepEqual([...engine.images], []);
      });

      it(`never comes whole ends with a clear error (${way})`, async () => {
        if (way === 'archive') engine.whyNotLocal = 'It is remote.';
        gitea.faults.add({ ...ofLayer(), times: Infinity, action: { kind: 'cutReply', afterBytes: 1000 } });
        await rejects(pull(), 'registryUnreachable', /gave only the first|gave only/);
        assert.deepEqual([...engine.images], []);
      });

      it(`is being read when the person cancels leaves no name (${way})`, async () => {
        if (way === 'archive') engine.whyNotLocal = 'It is remote.';
        const cancel = new AbortController();
        gitea.faults.add({
          ...ofLayer(),
          action: { kind: 'stall', afterBytes: 1000 },
          onStrike: () => {
            cancel.abort();
          },
        });
        await rejects(pull(undefined, { signal: cancel.signal }), 'cancelled', /Cancelled/);
        assert.deepEqual([...engine.images], []);
      });
    }
  });

  it('reports layers that never exceed their size', async () => {
    await pull();
    const layers = events.flatMap((event) => (event.type === 'layer' ? [event.layer] : []));
    assert.ok(layers.length > 0);
    assert.deepEqual(layers.at(-1), { digest: layer, state: 'done', receivedBytes: layerSize, size: layerSize });
  });
});

describe('a pull from a Gitea whose storage is out of reach', () => {
  it('names the storage', async () => {
    const gitea = await startFakeGitea({ serveDirect: true, storageEndpoint: 'http://minio.invalid:9000' });
    const client = clientFor(gitea.url, { credential: dev });
    try {
      await pushImage(client, 'dev/app', ['1']);
      const engine = new FakePuller();
      engine.whyNotLocal = 'It is remote.';
      const work = pullImage(
        {
          reference: { host: gitea.host, repository: 'dev/app', tag: '1' },
          ...{ signal: never, mayMoveTag: () => Promise.resolve(true), onEvent: () => undefined },
        },
        {
          ...{ puller: engine, repository: await client.repository('dev/app', { signal: never }), relay: undefined },
          registry: { origin: gitea.origin, host: gitea.host, isPinned: false, isLoopback: true },
          ...{ credential: dev, logger: silentLogger, sleep: (ms, signal) => sleep(ms / 100, signal) },
        },
      );
      await assert.rejects(work, /minio\.invalid:9000/);
      assert.deepEqual([...engine.images], []);
    } finally {
      await client.close();
      await gitea.close();
    }
  });
});
