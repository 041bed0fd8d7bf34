import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { BlobTarget } from '../../../src/core/ports/blobTarget.ts';
import type { EnginePusher } from '../../../src/core/ports/enginePusher.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { PushEvent, PushResult } from '../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { primeDigests } from '../../../src/core/relay/primeDigests.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { formatIdentity, thisMachine } from '../../../src/core/base/processIdentity.ts';
import { isTemporaryName, sweepNames } from '../../../src/core/relay/temporaryTag.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { buildImage, type Layer } from '../../tools/images.ts';
import { checkPublished } from '../../tools/checkPublished.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { plainGzip } from '../../unit/push/fakes.ts';

interface Kind {
  readonly name: string;
  readonly store: 'classic' | 'containerd';
  readonly start: () => Promise<RealEngine>;
}

const kinds: readonly Kind[] = [
  { name: 'a classic store (Debian 12)', store: 'classic', start: () => startPrivateEngine() },
  {
    name: 'a classic store (Debian unstable)',
    store: 'classic',
    start: () => startNewEngine({ containerdStore: false }),
  },
  {
    name: "containerd's store (Debian unstable)",
    store: 'containerd',
    start: () => startNewEngine({ containerdStore: true }),
  },
];

for (const kind of kinds)
  describe(`the relay between ${kind.name} and docker-registry`, () => {
    relayStories(kind);
  });

function relayStories({ store, start }: Kind): void {
  let real: RealEngine;
  let registry: Registry;
  let scratch: Scratch;
  let engine: Engine;
  let pusher: EnginePusher;
  let client: RegistryClient;
  let endpoint: RelayEndpoint;
  let reachability: Reachability;
  let cache: DigestCache;
  let repository: string;
  let serial = 0;
  const { signal } = new AbortController();
  const base: readonly Layer[] = [{ megabytes: 30 }, { megabytes: 8 }];

  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [real, registry, scratch] = await Promise.all([start(), startRegistry(), makeScratch('relay')]);
    engine = new Engine(await discoverEndpoint({ host: real.host }));
    pusher = engine.pusher() ?? assert.fail('an engine behind a socket can push');
    client = createRegistryClient({
      ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
      ...{ proxy: { url: undefined, bypass: [] }, environment: {}, logger: silentLogger },
      ...{ credential: () => Promise.resolve(undefined), chunkMemory: { get: () => undefined, set: () => undefined } },
    });
    endpoint = new RelayEndpoint({
      port: 0,
      secret: randomBytes(32).toString('hex'),
      onPort: () => {},
      logger: silentLogger,
    });
  });
  after(async () => {
    engine.dispose();
    await client.close();
    await Promise.all([real.stop(), registry.stop()]);
    await scratch.remove();
  });
  beforeEach(() => {
    repository = `team/app${++serial}`;
    reachability = new Reachability(Date.now);
    cache = new DigestCache(join(scratch.path, `cache${serial}.json`), silentLogger, Date.now);
  });

  const build = (tag: string, last: string) =>
    buildImage(real, { tags: [tag], layers: [...base, { files: { 'app/version': last + 'x'.repeat(50_000) } }] });

  async function push(
    image: string,
    tag: string,
    options: {
      strategy?: 'relay' | 'export';
      signal?: AbortSignal;
      onEvent?: (event: PushEvent) => void;
      wrap?: Wrap;
    } = {},
  ): Promise<PushResult> {
    const target: BlobTarget = await client.repository(repository, { signal });
    const { diffIds } = await engine.inspect(image, { signal });
    const result = await pushImage(
      {
        ...{ image, origin: registry.origin, repository: `${registry.host}/${repository}`, tag },
        ...{ codec: plainGzip, parallelBlobs: 3, strategy: options.strategy ?? 'relay' },
      },
      {
        ...{ source: engine, target: options.wrap?.(target) ?? target, cache, logger: silentLogger, now: Date.now },
        ...{
          uploads: new UploadsInFlight(),
          spoolRoot: join(scratch.path, 'spool'),
          spoolLimit: 1e9,
          relay: { pusher, endpoint, reachability },
        },
      },
      { signal: options.signal ?? signal, onEvent: options.onEvent ?? ((): void => {}) },
    );
    await checkPublished(result.reference, { digest: result.digest, diffIds });
    return result;
  }
  type Wrap = (target: BlobTarget) => BlobTarget;
  const wrapped =
    (change: Partial<BlobTarget>): Wrap =>
    (target) =>
      new Proxy(target, {
        get: (inner, key) => {
          const value: unknown = Reflect.get(change, key) ?? Reflect.get(inner, key, inner);
          return typeof value === 'function' ? (value.bind(inner) as unknown) : value;
        },
      });

  /** Read by another program. */
  async function checkPulled(
    tag: string,
    built: { readonly id: string; readonly diffIds: readonly string[] },
  ): Promise<void> {
    const source = `docker://${registry.host}/${repository}:${tag}`;
    const folder = join(scratch.path, `pulled-${serial}-${tag}`);
    await run('skopeo', ['copy', '--src-tls-verify=false', '--insecure-policy', source, `dir:${folder}`]);
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', '--config', '--raw', source]);
    // An image's ID is its config's digest in the classic store, its manifest's in containerd's.
    const named =
      store === 'classic' ? stdout : (await run('skopeo', ['inspect', '--tls-verify=false', '--raw', source])).stdout;
    assert.equal(`sha256:${createHash('sha256').update(named).digest('hex')}`, built.id);
    const config = JSON.parse(stdout) as { rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.rootfs.diff_ids, built.diffIds);
    // The engine unpacks every layer and checks its diffID.
    await real.docker(['rmi', '--force', `${registry.host}/${repository}:${tag}`], { mayFail: true });
    await real.docker(['pull', `${registry.host}/${repository}:${tag}`]);
    await real.docker(['rmi', `${registry.host}/${repository}:${tag}`]);
  }
  async function assertNothingLeft(): Promise<void> {
    const tags = await pusher.listTags({ signal });
    assert.deepEqual(
      tags.filter((tag) => isTemporaryName(tag)),
      [],
    );
    assert.deepEqual(await readdir(join(scratch.path, 'spool')).catch(() => []), []);
  }

  it('relays a whole image', async () => {
    const built = await build('relay:cold', randomBytes(8).toString('hex'));
    const result = await push('relay:cold', '1');
    assert.equal(result.strategy, 'relay');
    await checkPulled('1', built);
    await assertNothingLeft();
    const { stdout } = await real.docker(['image', 'inspect', '--format', '{{.RepoDigests}}', 'relay:cold']);
    assert.doesNotMatch(stdout, /tea-chest/);
  });

  it('sends one changed layer after an export, by an engine that never pushed the others', async () => {
    await build('relay:first', 'first');
    const exported = await push('relay:first', '1', { strategy: 'export' });
    const built = await build('relay:second', `second${randomBytes(8).toString('hex')}`);
    const result = await push('relay:second', '2');
    assert.equal(result.strategy, 'relay');
    assert.ok(result.uploadedBytes < 100_000, `${result.uploadedBytes} bytes were sent`);
    assert.ok(result.skippedBytes > exported.uploadedBytes - 100_000);
    await checkPulled('2', built);
    await assertNothingLeft();
  });

  it(
    'gives an engine its digests, which it then asks for by itself',
    { skip: store !== 'classic' && 'containerd’s store knows its blobs’ digests by itself' },
    async () => {
      const built = await build('relay:learn', randomBytes(8).toString('hex'));
      await cache.load();
      const image = await engine.inspect(built.id, { signal });
      const parts = { pusher, endpoint, reachability };
      await primeDigests(image, parts, cache, { signal, logger: silentLogger });
      const digests = image.diffIds.map((diffId) => cache.engineDigest(pusher.id, diffId));
      assert.ok(digests.every((digest) => digest !== undefined));
      await primeDigests(image, parts, cache, { signal, logger: silentLogger });
      assert.deepEqual(
        image.diffIds.map((diffId) => cache.engineDigest(pusher.id, diffId)),
        digests,
      );
      await assertNothingLeft();
    },
  );

  it('repeats what fails at the registry without the engine noticing', async () => {
    const built = await build('relay:heal', randomBytes(8).toString('hex'));
    let uploads = 0;
    let torn = 0;
    const tear = async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of bytes) {
        yield piece.subarray(0, 10);
        throw new TeaChestError('registryUnreachable', 'The connection broke.');
      }
    };
    const target = await client.repository(repository, { signal });
    const wrap = wrapped({
      // A stream breaks in the middle of its request, and the engine sends it again. The first try of each other upload
      // begins twice, as after a 500: the source must be readable again.
      uploadBlob: async (source, options) => {
        if (!source.replayable) {
          torn++;
          await target.uploadBlob({ ...source, bytes: tear(source.bytes) }, options);
          return;
        }
        uploads++;
        const giveUp = new AbortController();
        const first = target.uploadBlob(source, {
          onSent: (bytes) => {
            if (bytes > 0) giveUp.abort();
          },
          signal: giveUp.signal,
        });
        await first.catch(() => undefined);
        await target.uploadBlob(source, options);
      },
    });
    assert.equal((await push('relay:heal', '1', { wrap })).strategy, 'relay');
    assert.ok(uploads >= 2);
    assert.equal(torn > 0, store === 'containerd');
    await checkPulled('1', built);
  });

  it('gives our own error, and stops the engine, when the registry refuses for good', async () => {
    await build('relay:refused', randomBytes(8).toString('hex'));
    const refuse = (): Promise<never> => Promise.reject(new TeaChestError('quotaExceeded', 'No room is left.'));
    const wrap = wrapped({ uploadBlob: refuse, openSession: refuse });
    await assert.rejects(push('relay:refused', '1', { wrap }), { code: 'quotaExceeded', stage: 'export' });
    await assertNothingLeft();
  });

  it('leaves no name and no spool when it is cancelled', async () => {
    await build('relay:cancel', randomBytes(8).toString('hex'));
    const stop = new AbortController();
    const onEvent = (event: PushEvent): void => {
      if (event.type === 'layer' && event.status.storedBytes > 0) stop.abort();
    };
    await assert.rejects(push('relay:cancel', '1', { signal: stop.signal, onEvent }), { code: 'cancelled' });
    await assertNothingLeft();
    assert.equal(await (await client.repository(repository, { signal })).headManifest('1', { signal }), undefined);
  });

  it('takes away the names that a crash has left', async () => {
    await build('relay:crash', 'crash');
    const session = await endpoint.open({} as never, () => {});
    await session.close();
    // Larger than any process id.
    const ended = formatIdentity({ ...thisMachine().own, pid: 2 ** 31 - 2 });
    await real.docker(['tag', 'relay:crash', `${session.repository}:push-${ended}-0123456789abcdef`]);
    assert.equal(await sweepNames(pusher, { signal, logger: silentLogger }), 1);
    await assertNothingLeft();
  });
}
