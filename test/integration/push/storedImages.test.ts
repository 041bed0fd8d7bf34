import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { TeaChestError } from '../../../src/core/base/errors.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { PushRequest } from '../../../src/core/push/pushContext.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import type { Engine as RealEngine } from '../../tools/engine.ts';
import { inspectImage, loadImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import {
  addAttestation,
  addIndex,
  addPlatform,
  Blobs,
  loadLayout,
  oci,
  type Described,
} from '../../tools/ociLayout.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { copyAllBySkopeo, type CopiedReference } from '../../tools/verifyPull.ts';
import { plainGzip } from '../../unit/push/fakes.ts';

const on = (architecture: string): object => ({ platform: { os: 'linux', architecture } });

describe('images of containerd’s store by tcp, to docker-registry', () => {
  let real: RealEngine;
  let registry: Registry;
  let scratch: Scratch;
  let engine: Engine;
  let near: Engine;
  let proxy: Server;
  let client: RegistryClient;
  let caches = 0;
  const { signal } = new AbortController();

  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [real, registry, scratch] = await Promise.all([
      startNewEngine({ containerdStore: true }),
      startRegistry(),
      makeScratch('stored-images'),
    ]);
    proxy = tcpToSocket(real.host.replace('unix://', ''));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as { port: number };
    engine = new Engine(await discoverEndpoint({ host: `tcp://127.0.0.1:${port}` }));
    near = new Engine(await discoverEndpoint({ host: real.host }));
    client = createRegistryClient({
      ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
      ...{ proxy: { url: undefined, bypass: [] }, environment: {}, logger: silentLogger },
      ...{ credential: () => Promise.resolve(undefined), chunkMemory: { get: () => undefined, set: () => undefined } },
    });
  });
  after(async () => {
    engine.dispose();
    near.dispose();
    proxy.close();
    await client.close();
    await Promise.all([real.stop(), registry.stop()]);
    await scratch.remove();
  });

  it('have the digest that docker push gives them, and come back as they were', async () => {
    const content = randomBytes(3_000_000).toString('hex');
    const built = await loadImage(real, { tags: ['app:1'], layers: [{ 'app/data': content }, { 'app/v': '1' }] });
    const { digest, copy, isShownCompressed } = await push('app:1', 'team/app');
    assert.equal(isShownCompressed, false, 'nobody compresses what is stored');
    assert.equal(digest, built.id);
    assert.equal(await digestOfDockerPush('app:1', 'docker/app'), digest);
    assert.deepEqual(copy.images[0]?.diffIds, built.diffIds);
    const reference = `${registry.host}/team/app:1`;
    await real.docker(['rmi', 'app:1']);
    await real.docker(['pull', reference]);
    assert.deepEqual(await inspectImage(real, reference), {
      ...built,
      size: (await inspectImage(real, reference)).size,
    });
    await real.docker(['rmi', reference]);
  });

  it('move nothing when unchanged, and only what changed otherwise', async () => {
    const base = { 'app/data': randomBytes(2_000_000).toString('hex') };
    await loadImage(real, { tags: ['change:1'], layers: [base, { 'app/v': '1' }] });
    const cache = newCache();
    const first = await push('change:1', 'team/change', { cache });
    const again = await push('change:1', 'team/change', { cache });
    assert.deepEqual([again.strategy, again.digest, again.uploadedBytes], ['none', first.digest, 0]);
    const retagged = await push('change:1', 'team/change', { cache, tag: '2' });
    assert.deepEqual([retagged.digest, retagged.uploadedBytes], [first.digest, 0]);
    const changed = await loadImage(real, { tags: ['change:1'], layers: [base, { 'app/v': '2' }] });
    const second = await push('change:1', 'team/change', { cache });
    assert.equal(second.digest, changed.id);
    assert.ok(second.uploadedBytes < 20_000, `${second.uploadedBytes} bytes were sent`);
    await real.docker(['rmi', 'change:1']);
  });

  it('that are a whole index arrive whole: nested indexes, platforms and attestations', async () => {
    const blobs = new Blobs();
    const [amd, arm, s390x] = [
      await addPlatform(blobs, 'amd64'),
      await addPlatform(blobs, 'arm64'),
      await addPlatform(blobs, 's390x'),
    ];
    const attestation = addAttestation(blobs, amd);
    const nested = addIndex(blobs, [{ ...s390x, ...on('s390x') }]);
    const top = addIndex(blobs, [{ ...amd, ...on('amd64') }, { ...arm, ...on('arm64') }, attestation, nested]);
    await loadLayout(real, blobs, top, 'docker.io/library/whole:1');
    const { digest, mediaType } = await push('whole:1', 'team/whole', { isNestedIndex: true });
    assert.deepEqual([digest, mediaType], [top.digest, top.mediaType]);
    await assertStored(blobs, 'team/whole', blobs.all.keys());
    for (const { digest: child } of [amd, arm, s390x, attestation]) {
      assert.equal((await copyAllBySkopeo(`${registry.host}/team/whole@${child}`)).digest, child);
    }
    const reference = `${registry.host}/team/whole:1`;
    await real.docker(['pull', reference]);
    assert.equal((await inspectImage(real, reference)).id, top.digest);
    await real.docker(['rmi', reference]);
    const one = await push('whole:1', 'team/whole-arm', { platform: 'linux/arm64' });
    assert.deepEqual([one.digest, one.copy.images.length], [arm.digest, 1]);
    await real.docker(['rmi', 'whole:1']);
  });

  describe('that are an index of which a platform is missing', () => {
    let amd: Described, arm: Described, riscv: Described, attestation: Described, missing: Described;
    let top: Described;
    const blobs = new Blobs();
    before(async () => {
      amd = await addPlatform(blobs, 'amd64');
      arm = await addPlatform(blobs, 'arm64');
      attestation = addAttestation(blobs, arm);
      riscv = await addPlatform(new Blobs(), 'riscv64');
      missing = addAttestation(new Blobs(), riscv);
      top = addIndex(blobs, [
        { ...amd, ...on('amd64') },
        { ...riscv, ...on('riscv64') },
        { ...arm, ...on('arm64') },
        attestation,
        missing,
      ]);
      await loadLayout(real, blobs, top, 'docker.io/library/part:1');
    });
    after(() => real.docker(['rmi', 'part:1']));

    it('are not pushed before it is chosen what is', async () => {
      await assert.rejects(push('part:1', 'team/part'), (error: TeaChestError) => {
        assert.deepEqual([error.code, error.stage], ['platformNeeded', 'inspect']);
        assert.match(
          error.message,
          /does not have linux\/riscv64, the attestation of linux\/riscv64\. It has linux\/amd64, linux\/arm64: .*“all”/,
        );
        return true;
      });
    });

    for (const way of ['export', 'relay'] as const)
      it(`arrive as one platform, which is what docker pushes of it: ${way}`, async () => {
        const { digest, copy, strategy } = await push('part:1', `team/part-${way}`, { platform: 'linux/arm64', way });
        assert.deepEqual([digest, strategy], [arm.digest, way]);
        assert.equal(copy.images.length, 1);
        const pushed = await digestOfDockerPush('part:1', `docker/part-${way}`, 'arm64');
        assert.equal(pushed, digest);
      });

    it('arrive as an index of all that is here, with its attestations', async () => {
      const { digest, copy, notices } = await push('part:1', 'team/part-all', { platform: 'all' });
      assert.notEqual(digest, top.digest);
      assert.deepEqual(
        copy.images.map(({ manifestDigest }) => manifestDigest),
        [amd.digest, arm.digest, attestation.digest],
      );
      assert.match(notices.join(), /does not have linux\/riscv64.*its digest is not that of the engine’s index/);
      const reference = `${registry.host}/team/part-all:1`;
      await real.docker(['pull', '--platform=linux/arm64', reference]);
      await real.docker(['rmi', reference]);
    });
  });

  it('that are an index of which one platform is left are that platform, as with docker push', async () => {
    const blobs = new Blobs();
    const amd = await addPlatform(blobs, 'amd64');
    const arm = await addPlatform(new Blobs(), 'arm64');
    const top = addIndex(blobs, [
      { ...amd, ...on('amd64') },
      { ...arm, ...on('arm64') },
    ]);
    await loadLayout(real, blobs, top, 'docker.io/library/left:1');
    const exported = await push('left:1', 'team/left');
    const relayed = await push('left:1', 'team/left-relayed', { way: 'relay' });
    const pushed = await digestOfDockerPush('left:1', 'docker/left');
    assert.deepEqual([exported.digest, relayed.digest, pushed], [amd.digest, amd.digest, amd.digest]);
    assert.match(exported.notices.join(), /does not have linux\/arm64 .* Only linux\/amd64 was pushed/);
    await real.docker(['rmi', 'left:1']);
  });

  it('that are artifacts keep their types, and no diffID is asked of them', async () => {
    const blobs = new Blobs();
    const chart = blobs.add(`${oci}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: blobs.add('application/vnd.cncf.helm.config.v1+json', { name: 'chart', version: '1.0.0' }),
      layers: [blobs.add('application/vnd.cncf.helm.chart.content.v1.tar+gzip', gzipSync(randomBytes(5_000)))],
    });
    await loadLayout(real, blobs, chart, 'docker.io/library/chart:1');
    const { digest, copy } = await push('chart:1', 'team/chart');
    assert.equal(digest, chart.digest);
    assert.equal(copy.images[0]?.config.mediaType, 'application/vnd.cncf.helm.config.v1+json');
    await real.docker(['rmi', 'chart:1']);
  });

  it('are compressed where that is asked for, and the result names the engine’s digest', async () => {
    const content = randomBytes(2_000_000).toString('hex');
    const built = await loadImage(real, { tags: ['loaded:1'], layers: [{ 'app/data': content }] });
    const result = await push('loaded:1', 'team/loaded', { isCodecRequired: true });
    assert.equal(result.engineDigest, built.id);
    assert.ok(result.uploadedBytes < 3_000_000, `${result.uploadedBytes} bytes were sent`);
    assert.equal(result.isShownCompressed, true);
    assert.deepEqual(result.copy.images[0]?.diffIds, built.diffIds);
    await real.docker(['rmi', 'loaded:1']);
  });

  interface Options extends Partial<Pick<PushRequest, 'platform' | 'tag' | 'isCodecRequired'>> {
    readonly cache?: DigestCache;
    readonly way?: 'export' | 'relay';
    /** Skopeo 1.9 copies no index of indexes. */
    readonly isNestedIndex?: boolean;
  }

  function newCache(): DigestCache {
    return new DigestCache(join(scratch.path, `cache-${caches++}.json`), silentLogger, Date.now);
  }

  async function push(
    image: string,
    repository: string,
    { cache = newCache(), way = 'export', tag = '1', isNestedIndex = false, ...options }: Options = {},
  ): Promise<PushResult & { readonly copy: CopiedReference; readonly isShownCompressed: boolean }> {
    let isShownCompressed = false;
    const endpoint = new RelayEndpoint({
      ...{ port: 0, secret: randomBytes(32).toString('hex'), onPort: () => {}, logger: silentLogger },
    });
    const pusher = near.pusher() ?? assert.fail('an engine behind a socket can push');
    const relay = way === 'relay' ? { pusher, endpoint, reachability: new Reachability(Date.now) } : undefined;
    const result = await pushImage(
      {
        ...{ image, origin: registry.origin, repository: `${registry.host}/${repository}`, tag, ...options },
        ...{ codec: plainGzip, parallelBlobs: 3 },
      },
      {
        ...{ source: engine, target: await client.repository(repository, { signal }), logger: silentLogger, cache },
        ...{ now: Date.now, relay },
        ...{ uploads: new UploadsInFlight(), spoolRoot: join(scratch.path, 'spool'), spoolLimit: 1e9 },
      },
      {
        signal,
        onEvent: (event) => {
          isShownCompressed ||= event.type === 'layer' && event.status.isCompressed === true;
        },
      },
    );
    const copy = isNestedIndex
      ? { digest: result.digest, mediaType: '', images: [] }
      : await copyAllBySkopeo(result.reference);
    assert.equal(copy.digest, result.digest);
    return { ...result, copy, isShownCompressed };
  }

  /** Pushes by docker itself, and gives the digest of the tag. */
  async function digestOfDockerPush(image: string, repository: string, architecture?: string): Promise<string> {
    const name = `${registry.host}/${repository}:1`;
    await real.docker(['tag', image, name]);
    if (architecture === undefined) await real.docker(['push', name]);
    else await pushPlatform(`${registry.host}/${repository}`, architecture);
    await real.docker(['rmi', name]);
    return (await copyAllBySkopeo(name)).digest;
  }

  /** As `docker push --platform`, which Debian's older docker command does not have. */
  async function pushPlatform(name: string, architecture: string): Promise<void> {
    const query = `tag=1&platform=${encodeURIComponent(JSON.stringify({ os: 'linux', architecture }))}`;
    const headers = { 'X-Registry-Auth': Buffer.from('{}').toString('base64url') };
    const { port } = proxy.address() as { port: number };
    const pushed = await fetch(`http://127.0.0.1:${port}/v1.51/images/${name}/push?${query}`, {
      method: 'POST',
      headers,
    });
    assert.doesNotMatch(await pushed.text(), /errorDetail/);
  }

  /** Each of these digests is in the registry, as a manifest or as a blob, with its bytes. */
  async function assertStored(blobs: Blobs, repository: string, digests: Iterable<string>): Promise<void> {
    for (const digest of digests) {
      const { bytes, mediaType } = blobs.all.get(digest) ?? assert.fail(digest);
      const kind = /manifest|index/.test(mediaType) ? 'manifests' : 'blobs';
      const response = await fetch(`${registry.origin}/v2/${repository}/${kind}/${digest}`, {
        headers: { accept: mediaType },
      });
      assert.equal(response.status, 200, `${kind} ${digest}`);
      assert.ok(bytes.equals(Buffer.from(await response.arrayBuffer())), `${kind} ${digest}`);
    }
  }
});

function tcpToSocket(path: string): Server {
  return createServer((incoming) => {
    const outgoing = connect(path);
    incoming.on('error', () => outgoing.destroy()).pipe(outgoing);
    outgoing.on('error', () => incoming.destroy()).pipe(incoming);
  });
}
