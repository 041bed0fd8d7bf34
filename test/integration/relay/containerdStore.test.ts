import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { Engine } from '../../../src/core/docker/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpointDiscovery.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import { DigestCache } from '../../../src/core/push/digestCache.ts';
import type { PushResult } from '../../../src/core/push/events.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { Reachability } from '../../../src/core/push/relay/reachability.ts';
import { RelayDoor } from '../../../src/core/push/relay/relayDoor.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import type { Engine as RealEngine } from '../../tools/engine.ts';
import { inspectImage, loadImage } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { plainGzip } from '../../unit/push/fakes.ts';

const oci = 'application/vnd.oci.image';
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An OCI layout's blobs, by digest. */
class Blobs {
  readonly all = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>();

  add(mediaType: string, content: Buffer | object): Described {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    this.all.set(digest, { bytes, mediaType });
    return { mediaType, digest, size: bytes.byteLength };
  }
}

async function addPlatform(blobs: Blobs, architecture: string): Promise<Described> {
  const tar = pack();
  tar.entry({ name: `app/${architecture}`, mtime: new Date(0) }, randomBytes(40_000).toString('hex'));
  tar.finalize();
  const layer = await buffer(tar);
  const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } };
  return blobs.add(`${oci}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: blobs.add(`${oci}.config.v1+json`, config),
    layers: [blobs.add(`${oci}.layer.v1.tar+gzip`, gzipSync(layer))],
  });
}

/** As BuildKit writes it: a manifest for no platform, which says of what it speaks. */
function addAttestation(blobs: Blobs, of: Described): object {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'app', digest: {} }],
    predicate: {},
  };
  const config = { architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  const manifest = blobs.add(`${oci}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: blobs.add(`${oci}.config.v1+json`, config),
    layers: [blobs.add('application/vnd.in-toto+json', statement)],
  });
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': of.digest,
  };
  return { ...manifest, platform: { os: 'unknown', architecture: 'unknown' }, annotations };
}

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
    engine = new Engine(await discoverEndpoint(real.host));
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
    const top = blobs.add(`${oci}.index.v1+json`, {
      schemaVersion: 2,
      mediaType: `${oci}.index.v1+json`,
      manifests: [
        { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
        { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
        addAttestation(blobs, amd),
      ],
    });
    await load(blobs, top, 'docker.io/library/multi:1');
    const result = await push('multi:1', 'team/multi');
    assert.deepEqual([result.strategy, result.digest], ['relay', top.digest]);
    assert.equal((await stored('team/multi/manifests/1', top.mediaType)).digest, top.digest);
    for (const [digest, { mediaType }] of blobs.all) {
      const isManifest = /manifest|index/.test(mediaType);
      assert.equal(
        (await stored(`team/multi/${isManifest ? 'manifests' : 'blobs'}/${digest}`, mediaType)).digest,
        digest,
      );
    }
  });

  it('compresses what was loaded uncompressed, where that is asked for, and docker unpacks it', async () => {
    const content = randomBytes(3_000_000).toString('hex');
    const built = await loadImage(real, { tags: ['loaded:1'], layers: [{ 'app/data': content }, { 'app/v': '1' }] });
    const asStored = await push('loaded:1', 'team/as-stored');
    assert.equal(asStored.digest, built.id);
    const result = await push('loaded:1', 'team/loaded', { compressStored: true });
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

  async function push(image: string, repository: string, { compressStored = false } = {}): Promise<PushResult> {
    const pusher = engine.pusher() ?? assert.fail('an engine behind a socket can push');
    const door = new RelayDoor({
      port: 0,
      secret: randomBytes(32).toString('hex'),
      onPort: () => {},
      logger: silentLogger,
    });
    return await pushImage(
      {
        ...{ image, origin: registry.origin, repository: `${registry.host}/${repository}`, tag: '1' },
        ...{ codec: plainGzip, parallelBlobs: 3, strategy: 'relay', compressStored },
      },
      {
        ...{ source: engine, target: await client.repository(repository, { signal }), logger: silentLogger },
        ...{ cache: new DigestCache(join(scratch.path, 'cache.json'), silentLogger, Date.now), now: Date.now },
        ...{ uploads: new UploadsInFlight(), spoolRoot: join(scratch.path, 'spool'), spoolLimit: 1e9 },
        relay: { pusher, door, reachability: new Reachability(Date.now) },
      },
      { signal, onEvent: () => {} },
    );
  }

  async function load(blobs: Blobs, top: Described, name: string): Promise<void> {
    const archive = pack();
    const loading = real.docker(['load', '--quiet'], { input: archive });
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': '1' };
    archive.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    for (const [digest, { bytes }] of blobs.all) archive.entry({ name: `blobs/${digest.replace(':', '/')}` }, bytes);
    archive.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }));
    archive.finalize();
    await loading;
  }

  async function stored(path: string, accept: string): Promise<{ digest: string }> {
    return { digest: digestOf(await bytesOf(path, accept)) };
  }

  /** What the registry gives to whoever asks it by plain http. */
  async function bytesOf(path: string, accept: string): Promise<Uint8Array> {
    const response = await fetch(`${registry.origin}/v2/${path}`, { headers: { accept } });
    assert.equal(response.status, 200, path);
    return new Uint8Array(await response.arrayBuffer());
  }
});
