import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { checkPublished } from '../../tools/checkPublished.ts';
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
import type { CopiedReference } from '../../tools/verifyPull.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { plainGzip } from '../../unit/push/fakes.ts';

const digestsOf = (blobs: readonly { readonly digest: string }[]): string[] => blobs.map(({ digest }) => digest);

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('what only containerd’s store holds, through the relay to docker-registry', () => {
  let real: RealEngine;
  let registry: Registry;
  let scratch: Scratch;
  let engine: Engine;
  let client: RegistryClient;
  const { signal } = new AbortController();

  before(async () => {
    await provision(['engine', 'registry', 'skopeo']);
    [real, registry, scratch] = await Promise.all([
      startNewEngine({ containerdStore: true }),
      startRegistry(),
      makeScratch('relay-index'),
    ]);
    engine = new Engine(await discoverEndpoint({ host: real.host }));
    client = createRegistryClient({
      ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
      ...{ proxy: { url: undefined, bypass: [] }, environment: {}, logger: silentLogger },
      ...{ credential: () => Promise.resolve(undefined), chunkMemory: { get: () => undefined, set: () => undefined } },
    });
  });
  after(async () => {
    engine.dispose();
    await client.close();
    await Promise.all([real.stop(), registry.stop()]);
    await scratch.remove();
  });

  it('brings both platforms of an index and their attestation over, each with its digest', async () => {
    const blobs = new Blobs();
    const [amd, arm] = [await addPlatform(blobs, 'amd64'), await addPlatform(blobs, 'arm64')];
    const attestation = addAttestation(blobs, amd);
    const top = addIndex(blobs, [
      { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
      { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
      attestation,
    ]);
    await loadLayout(real, blobs, top, 'docker.io/library/multi:1');
    const { strategy, digest, copy } = await push('multi:1', 'team/multi');
    assert.deepEqual([strategy, digest, copy.mediaType], ['relay', top.digest, top.mediaType]);
    // Skopeo's copy has all that the layout has: two platforms, the attestation, and the blobs of each.
    assert.deepEqual(
      copy.images.map(({ manifestDigest }) => manifestDigest),
      [amd.digest, arm.digest, attestation.digest],
    );
    const copied = copy.images.flatMap((image) => [
      image.manifestDigest,
      image.config.digest,
      ...digestsOf(image.layers),
    ]);
    assert.deepEqual(new Set([copy.digest, ...copied]), new Set(blobs.all.keys()));
    assert.deepEqual(copy.images[2]?.diffIds, [undefined], 'what is attested is no layer of files');
  });

  it('compresses what was loaded uncompressed, where that is asked for, and docker unpacks it', async () => {
    const content = randomBytes(3_000_000).toString('hex');
    const built = await loadImage(real, { tags: ['loaded:1'], layers: [{ 'app/data': content }, { 'app/v': '1' }] });
    const asStored = await push('loaded:1', 'team/as-stored');
    assert.equal(asStored.digest, built.id);
    const result = await push('loaded:1', 'team/loaded', { isCodecRequired: true });
    assert.deepEqual([result.strategy, result.engineDigest], ['relay', built.id]);
    assert.ok(result.uploadedBytes < asStored.uploadedBytes * 0.6, `${result.uploadedBytes} bytes were sent`);
    const reference = `${registry.host}/team/loaded:1`;
    const source = `docker://${reference}`;
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', '--raw', source]);
    assert.equal(digestOf(Buffer.from(stdout)), result.digest);
    const { layers } = JSON.parse(stdout) as { layers: Described[] };
    for (const [at, { mediaType, digest, size }] of layers.entries()) {
      assert.equal(mediaType, `${oci}.layer.v1.tar+gzip`);
      const blob = await bytesOf(`team/loaded/blobs/${digest}`, mediaType);
      assert.deepEqual([digestOf(blob), blob.byteLength], [digest, size]);
      assert.equal(digestOf(gunzipSync(blob)), built.diffIds[at]);
    }
    // An engine that still had the layers unpacked would not fetch them.
    await real.docker(['rmi', 'loaded:1']);
    await real.docker(['pull', reference]);
    const pulled = await inspectImage(real, reference);
    assert.deepEqual([pulled.id, pulled.diffIds], [result.digest, built.diffIds]);
    await real.docker(['rmi', reference]);
  });

  async function push(
    image: string,
    repository: string,
    { isCodecRequired = false } = {},
  ): Promise<PushResult & { readonly copy: CopiedReference }> {
    const pusher = engine.pusher() ?? assert.fail('an engine behind a socket can push');
    const endpoint = new RelayEndpoint({
      port: 0,
      secret: randomBytes(32).toString('hex'),
      onPort: () => {},
      logger: silentLogger,
    });
    const { diffIds } = await engine.inspect(image, { signal });
    const result = await pushImage(
      {
        ...{ image, origin: registry.origin, repository: `${registry.host}/${repository}`, tag: '1' },
        ...{ codec: plainGzip, parallelBlobs: 3, strategy: 'relay', isCodecRequired },
      },
      {
        ...{ source: engine, target: await client.repository(repository, { signal }), logger: silentLogger },
        ...{ cache: new DigestCache(join(scratch.path, 'cache.json'), silentLogger, Date.now), now: Date.now },
        ...{ uploads: new UploadsInFlight(), spoolRoot: join(scratch.path, 'spool'), spoolLimit: 1e9 },
        relay: { pusher, endpoint, reachability: new Reachability(Date.now) },
      },
      { signal, onEvent: () => {} },
    );
    const copy = await checkPublished(result.reference, { digest: result.digest, diffIds });
    return { ...result, copy };
  }

  /** Reads from the registry by plain http. */
  async function bytesOf(path: string, accept: string): Promise<Uint8Array> {
    const response = await fetch(`${registry.origin}/v2/${path}`, { headers: { accept } });
    assert.equal(response.status, 200, path);
    return new Uint8Array(await response.arrayBuffer());
  }
});
