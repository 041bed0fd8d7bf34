import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readArchive } from '../../../src/core/docker/archive/readArchive.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { thisHost } from '../../../src/core/docker/endpoint/hostEnvironment.ts';
import type { EngineEvent } from '../../../src/core/docker/types.ts';
import type { ArchiveItem, ImageDetails } from '../../../src/core/ports/imageSource.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { needCommand } from '../../tools/findCommand.ts';
import { buildImage, loadImage, sizes } from '../../tools/images.ts';
import { provision } from '../../tools/provision.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';

const { signal } = new AbortController();
let real: RealEngine;
let engine: Engine;
let scratch: Scratch;

before(async () => {
  await provision(['engine']);
  real = await startPrivateEngine();
  scratch = await makeScratch('docker-test');
  engine = new Engine(await discoverEndpoint({ host: real.host }));
});

after(async () => {
  engine.dispose();
  await real.stop();
  await scratch.remove();
});

interface Exported {
  readonly layers: Record<
    string,
    { readonly hash: string; readonly size: number; readonly expected: string | undefined }
  >;
  readonly config: string;
  readonly order: readonly string[];
}

async function collect(items: AsyncIterable<ArchiveItem>): Promise<Exported> {
  const layers: Record<string, Exported['layers'][string]> = {};
  let image: Omit<Exported, 'layers'> | undefined;
  for await (const item of items) {
    if (item.kind === 'image') {
      image = { config: Buffer.from(item.config).toString(), order: item.layers };
      continue;
    }
    const hash = createHash('sha256');
    for await (const chunk of item.body) hash.update(chunk);
    layers[item.path] = { hash: `sha256:${hash.digest('hex')}`, size: item.size, expected: item.expectedDiffId };
  }
  assert.ok(image !== undefined);
  return { layers, ...image };
}

function exportOf(
  image: ImageDetails,
  stop: AbortSignal = signal,
  onReceived: (bytes: number) => void = () => undefined,
) {
  return engine.exportImages([image], { signal: stop, onReceived });
}

/** Checks that the export is the image, byte for byte, and that each expected diffID is right. */
function assertWhole({ layers, config, order }: Exported, image: ImageDetails): void {
  assert.deepEqual(
    order.map((path) => layers[path]?.hash),
    image.diffIds,
  );
  for (const [path, { hash, expected }] of Object.entries(layers)) assert.equal(expected, hash, path);
  assert.equal(`sha256:${createHash('sha256').update(config).digest('hex')}`, image.id);
}

test('version, list, platform and inspect agree with docker’s own client', async () => {
  const built = await buildImage(real, { tags: ['app:1', 'localhost:5000/team/app:2'], layers: sizes.small });
  assert.equal((await engine.version({ signal })).version, real.version);

  const listed = (await engine.listImages({ signal })).find((image) => image.id === built.id);
  assert.deepEqual(listed?.references.toSorted(), ['app:1', 'localhost:5000/team/app:2']);
  assert.equal(listed.size, built.size);

  const inspected = await engine.inspect('localhost:5000/team/app:2', { signal });
  const format = '{{.Os}}/{{.Architecture}} {{.Created}}';
  const output = (await real.docker(['image', 'inspect', '--format', format, built.id])).stdout;
  const [platform, created] = output.split(' ');
  assert.deepEqual(inspected.diffIds, built.diffIds);
  assert.equal(inspected.id, built.id);
  assert.equal(`${inspected.platform.os}/${inspected.platform.architecture}`, platform);
  assert.equal(inspected.createdAt, new Date(created ?? '').toISOString());
  assert.deepEqual(await engine.platformsOf(listed, { signal }), [inspected.platform]);
});

test('an export is what docker save writes: layers, order, config', async () => {
  const layers = [{ megabytes: 2 }, { files: { 'etc/motd': 'hello' } }, { megabytes: 1 }, { files: { b: 'top' } }];
  await buildImage(real, { tags: ['save:1'], layers, labels: { quote: '<&>"é' } });
  const image = await engine.inspect('save:1', { signal });
  let received = 0;
  const exported = await collect(exportOf(image, signal, (bytes) => (received = bytes)));
  assertWhole(exported, image);
  assert.ok(received > Object.values(exported.layers).reduce((sum, { size }) => sum + size, 0));

  const file = join(scratch.path, 'saved.tar');
  await real.docker(['save', '--output', file, image.id]);
  assert.deepEqual(await collect(readArchive(createReadStream(file), [image])), exported);
  const tar = needCommand('tar', 'tar');
  const manifest = JSON.parse((await run(tar, ['-xOf', file, 'manifest.json'])).stdout) as [
    { Config: string; Layers: string[] },
  ];
  assert.equal((await run(tar, ['-xOf', file, manifest[0].Config])).stdout, exported.config);
  assert.deepEqual(manifest[0].Layers, exported.order);
});

test('an image with the same layer twice is exported whole, whichever copy is the link', async () => {
  const shared = { files: { same: 'again' } };
  await buildImage(real, {
    tags: ['twice:1'],
    layers: [shared, { files: { other: '1' } }, { sameAs: 0 }, { files: { last: '2' } }, { sameAs: 0 }],
  });
  const image = await engine.inspect('twice:1', { signal });
  assert.equal(new Set(image.diffIds).size, 3);
  const exported = await collect(exportOf(image));
  assert.equal(Object.keys(exported.layers).length, 3);
  assertWhole(exported, image);
});

test('empty layers and a single layer are exported whole', async () => {
  for (const [tag, layers] of Object.entries({ 'empty:1': [{ a: 'a' }, {}, { b: 'b' }], 'single:1': [{ a: 'x' }] })) {
    await loadImage(real, { tags: [tag], layers });
    const image = await engine.inspect(tag, { signal });
    assert.equal(image.diffIds.length, layers.length);
    assertWhole(await collect(exportOf(image)), image);
  }
});

test('an untagged image is listed without a reference and exported by its id', async () => {
  const { id } = await buildImage(real, { tags: ['gone:1'], layers: [{ files: { a: 'untagged' } }] });
  await buildImage(real, { tags: ['gone:1'], layers: [{ files: { a: 'tagged' } }] });
  const listed = (await engine.listImages({ signal })).find((image) => image.id === id);
  assert.deepEqual(listed?.references, []);
  const image = await engine.inspect(id.slice('sha256:'.length, 'sha256:'.length + 12), { signal });
  assertWhole(await collect(exportOf(image)), image);
});

test('an image that is removed between inspect and export is not found', async () => {
  await buildImage(real, { tags: ['vanishing:1'], layers: [{ files: { a: 'vanishing' } }] });
  const image = await engine.inspect('vanishing:1', { signal });
  await real.docker(['image', 'rm', 'vanishing:1']);
  await assert.rejects(collect(exportOf(image)), { code: 'imageNotFound', facts: { image: 'vanishing:1' } });
  await assert.rejects(engine.inspect('vanishing:1', { signal }), { code: 'imageNotFound', message: /No such image/ });
});

test('an image without layers is refused with the engine’s own message', async () => {
  await loadImage(real, { tags: ['hollow:1'], layers: [] });
  const image = await engine.inspect('hollow:1', { signal });
  assert.deepEqual(image.diffIds, []);
  await assert.rejects(collect(exportOf(image)), { code: 'engineFailed', message: /empty export - not implemented/ });
});

test('each change is an event, and events begin once the engine listens', async () => {
  const { id } = await buildImage(real, { tags: ['eventful:1'], layers: [{ files: { a: 'eventful' } }] });
  const stop = new AbortController();
  const events: EngineEvent[] = [];
  const following = (async () => {
    for await (const event of engine.events({ signal: stop.signal })) {
      events.push(event);
      if (event.action === 'connected') {
        await real.docker(['tag', id, 'eventful:2']);
        await real.docker(['image', 'rm', 'eventful:1', 'eventful:2']);
      }
      if (event.action === 'delete' && event.image === id) break;
    }
  })();
  await following;
  const actions = events.map((event) => event.action);
  assert.deepEqual(actions, ['connected', 'tag', 'untag', 'untag', 'delete']);
  assert.equal(events[1]?.image, id);
});

test('cancelling an export stops it, before its first byte and in the middle; the engine stays well', async () => {
  await buildImage(real, { tags: ['big:1'], layers: sizes.medium });
  const image = await engine.inspect('big:1', { signal });

  const atOnce = new AbortController();
  let silent = true;
  const early = collect(exportOf(image, atOnce.signal, () => (silent = false)));
  setImmediate(() => {
    atOnce.abort();
  });
  await assert.rejects(early, { code: 'cancelled' });
  assert.ok(silent);

  const later = new AbortController();
  let received = 0;
  const middle = collect(
    exportOf(image, later.signal, (bytes) => {
      received = bytes;
      if (bytes > 1_000_000) later.abort();
    }),
  );
  await assert.rejects(middle, { code: 'cancelled' });
  assert.ok(received < 5_000_000, `${received} bytes were received`);
  assertWhole(await collect(exportOf(image)), image);
});

test('a docker context made by docker’s client leads to its engine', async () => {
  const DOCKER_CONFIG = join(scratch.path, 'config');
  const docker = (...args: string[]): Promise<unknown> =>
    run(needCommand('docker', 'docker.io', ['/usr/bin']), args, { env: { DOCKER_CONFIG, DOCKER_HOST: undefined } });
  await docker('context', 'create', 'for the test'.replaceAll(' ', '-'), '--docker', `host=${real.host}`);
  await docker('context', 'use', 'for-the-test');
  const endpoint = await discoverEndpoint({}, { ...thisHost(), env: { DOCKER_CONFIG } });
  assert.equal(endpoint.source, 'the docker context “for-the-test”');
  const reached = new Engine(endpoint);
  assert.equal((await reached.version({ signal })).version, real.version);
});

test('lists and exports work through the docker program that ssh starts on the other machine', async () => {
  // Everything is real except the network: this `ssh` runs the command on this machine.
  const folder = join(scratch.path, 'bin');
  await run('mkdir', [folder]);
  const docker = needCommand('docker', 'docker.io', ['/usr/bin']);
  await writeFile(
    join(folder, 'ssh'),
    `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift 3\nexec '${docker}' "$@"\n`,
  );
  await chmod(join(folder, 'ssh'), 0o755);
  const searchPath = process.env['PATH'];
  process.env['PATH'] = `${folder}:${searchPath ?? ''}`;
  const remote = new Engine(await discoverEndpoint({ host: `ssh://box${real.host.slice('unix://'.length)}` }));
  try {
    const image = await remote.inspect('big:1', { signal });
    assertWhole(await collect(remote.exportImages([image], { signal, onReceived: () => undefined })), image);
  } finally {
    process.env['PATH'] = searchPath;
    remote.dispose();
  }
});

test('an engine that goes away in mid-export is lost, and then stopped', async () => {
  const image = await engine.inspect('big:1', { signal });
  const dying = (async () => {
    for await (const item of exportOf(image)) if (item.kind === 'layer' && item.size > 5_000_000) await real.stop();
  })();
  await assert.rejects(dying, { code: 'engineLost' });
  await assert.rejects(engine.listImages({ signal }), { code: 'engineStopped' });
});
