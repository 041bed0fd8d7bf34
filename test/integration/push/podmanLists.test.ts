import assert from 'node:assert/strict';
import { zstdCompressSync } from 'node:zlib';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import { needCommand } from '../../tools/findCommand.ts';
import { addPlatform, Blobs, oci, type Described } from '../../tools/ociLayout.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry, type Registry } from '../../tools/registry.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';
import { startService, waitFor, type Service } from '../../tools/service.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { copyAllBySkopeo, type CopiedReference } from '../../tools/verifyPull.ts';
import { plainGzip } from '../../unit/push/fakes.ts';

describe('images of podman, to docker-registry', () => {
  let registry: Registry;
  let scratch: Scratch;
  /** Below the temporary folder, in lower case: podman makes a name of it. */
  let layouts: string;
  let service: Service;
  let engine: Engine;
  let client: RegistryClient;
  const { signal } = new AbortController();
  const blobs = new Blobs();
  let amd: Described, arm: Described;

  before(async () => {
    await provision(['podman', 'registry', 'skopeo']);
    [registry, scratch] = await Promise.all([startRegistry(), makeScratch('podman-lists')]);
    layouts = join(tmpdir(), `tea-chest-layouts-${process.pid}`);
    const socket = join(scratch.path, 'podman.sock');
    service = startService(
      needCommand('podman', 'podman'),
      [...storage(), 'system', 'service', '--time=0', `unix://${socket}`],
      {
        logFile: join(scratch.path, 'podman.log'),
      },
    );
    engine = new Engine(await discoverEndpoint({ host: `unix://${socket}` }));
    await waitFor('podman', service, () => engine.version({ signal }).catch(() => undefined));
    client = createRegistryClient({
      ...{ address: parseRegistryAddress(registry.origin), trust: { allowHttp: true }, userAgent: 'tea-chest/test' },
      ...{ proxy: { url: undefined, bypass: [] }, environment: {}, logger: silentLogger },
      ...{ credential: () => Promise.resolve(undefined), chunkMemory: { get: () => undefined, set: () => undefined } },
    });
    [amd, arm] = [await addPlatform(blobs, 'amd64'), await addPlatform(blobs, 'arm64')];
    await load(amd, 'amd');
    await load(arm, 'arm');
    await podman('manifest', 'create', 'localhost/multi:1');
    await podman('manifest', 'add', 'localhost/multi:1', 'containers-storage:localhost/amd:1');
    await podman('manifest', 'add', 'localhost/multi:1', 'containers-storage:localhost/arm:1');
  });
  after(async () => {
    engine.dispose();
    await client.close();
    await Promise.all([service.stop(), registry.stop()]);
    // Its layers belong to other users than root.
    await podman('system', 'reset', '--force').catch(() => undefined);
    await rm(layouts, { recursive: true, force: true });
    await scratch.remove();
  });

  it('that are a list arrive with all its images, in its order, with their platforms', async () => {
    const cache = newCache();
    const { digest, copy, mediaType } = await push('multi:1', 'team/multi', { cache });
    assert.deepEqual([copy.digest, mediaType], [digest, `${oci}.index.v1+json`]);
    assert.deepEqual(
      copy.images.map(({ config }) => config.digest),
      [configOf(amd), configOf(arm)],
    );
    for (const image of copy.images) assert.deepEqual(image.diffIds, image.configDiffIds);
    const index = (await (
      await fetch(`${registry.origin}/v2/team/multi/manifests/1`, { headers: { accept: mediaType } })
    ).json()) as { manifests: { platform: object }[] };
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform),
      [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm64' },
      ],
    );
    const again = await push('multi:1', 'team/multi', { cache });
    assert.deepEqual([again.digest, again.strategy, again.uploadedBytes], [digest, 'none', 0]);
  });

  it('that are a list can be pushed for one platform', async () => {
    const { copy } = await push('multi:1', 'team/arm', { platform: 'linux/arm64' });
    assert.deepEqual([copy.images.length, copy.images[0]?.config.digest], [1, configOf(arm)]);
  });

  it('that have zstd layers arrive, though podman 4.3 makes no docker-archive of them', async () => {
    const mixed = await addPlatform(blobs, 'riscv64');
    const manifest = JSON.parse(String(blobs.all.get(mixed.digest)?.bytes)) as {
      config: Described;
      layers: Described[];
    };
    const tar = Buffer.alloc(10_240);
    const config = JSON.parse(String(blobs.all.get(manifest.config.digest)?.bytes)) as {
      rootfs: { diff_ids: string[] };
    };
    config.rootfs.diff_ids.push(new Blobs().add('tar', tar).digest);
    const zstd = blobs.add(`${oci}.layer.v1.tar+zstd`, zstdCompressSync(tar));
    const layers = [...manifest.layers, zstd];
    const top = blobs.add(`${oci}.manifest.v1+json`, {
      ...manifest,
      config: blobs.add(`${oci}.config.v1+json`, config),
      layers,
    });
    await load(top, 'mixed');
    const { copy } = await push('mixed:1', 'team/mixed');
    assert.deepEqual(copy.images[0]?.diffIds, config.rootfs.diff_ids);
  });

  function storage(): string[] {
    return ['--root', join(scratch.path, 'root'), '--runroot', join(scratch.path, 'run'), '--storage-driver=vfs'];
  }

  async function podman(...args: string[]): Promise<void> {
    await run(needCommand('podman', 'podman'), [...storage(), ...args]);
  }

  function configOf({ digest }: Described): string {
    return (JSON.parse(String(blobs.all.get(digest)?.bytes)) as { config: Described }).config.digest;
  }

  /** Has podman pull a manifest out of an OCI layout. */
  async function load(top: Described, name: string): Promise<void> {
    const layout = join(layouts, name);
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
    for (const [digest, { bytes }] of blobs.all)
      await writeFile(join(layout, 'blobs', digest.replace(':', '/')), bytes);
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
    const { stdout } = await run(needCommand('podman', 'podman'), [...storage(), 'pull', '--quiet', `oci:${layout}`]);
    await podman('tag', stdout.trim(), `localhost/${name}:1`);
  }

  function newCache(): DigestCache {
    return new DigestCache(join(scratch.path, `cache-${Math.random()}.json`), silentLogger, Date.now);
  }

  async function push(
    image: string,
    repository: string,
    { cache = newCache(), platform }: { readonly cache?: DigestCache; readonly platform?: string } = {},
  ): Promise<PushResult & { readonly copy: CopiedReference }> {
    const result = await pushImage(
      {
        ...{ image, origin: registry.origin, repository: `${registry.host}/${repository}`, tag: '1', platform },
        ...{ codec: plainGzip, parallelBlobs: 3 },
      },
      {
        ...{ source: engine, target: await client.repository(repository, { signal }), logger: silentLogger, cache },
        ...{ uploads: new UploadsInFlight(), spoolRoot: join(scratch.path, 'spool'), spoolLimit: 1e9 },
        now: Date.now,
      },
      { signal, onEvent: () => {} },
    );
    return { ...result, copy: await copyAllBySkopeo(result.reference) };
  }
});
