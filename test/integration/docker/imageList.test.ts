import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { pack } from 'tar-stream';
import { Engine } from '../../../src/core/docker/client/engine.ts';
import { discoverEndpoint } from '../../../src/core/docker/endpoint/discoverEndpoint.ts';
import type { EngineImage } from '../../../src/core/docker/types.ts';
import { describePlatform } from '../../../src/core/oci/platform.ts';
import { startPrivateEngine, type Engine as RealEngine } from '../../tools/engine.ts';
import { loadImages } from '../../tools/images.ts';
import { startNewEngine } from '../../tools/newEngine.ts';
import { addAttestation, addIndex, addPlatform, Blobs, loadLayout, oci } from '../../tools/ociLayout.ts';
import { provision } from '../../tools/provision.ts';
import { startRegistry } from '../../tools/registry.ts';

const { signal } = new AbortController();

/** A row of `docker images --no-trunc --digests`. */
interface Row {
  readonly ID: string;
  readonly Repository: string;
  readonly Tag: string;
  readonly Digest: string;
  readonly Size: string;
}

/** The name of a row, as a reference; empty for an untagged image. */
function nameOf({ Repository, Tag, Digest }: Row): string {
  if (Tag !== '<none>') return `${Repository}:${Tag}`;
  return Repository === '<none>' ? '' : `${Repository}@${Digest}`;
}

/** As docker's client writes a size (go-units, `HumanSizeWithPrecision` with three digits). */
function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1000; unit++) value /= 1000;
  return `${Number(value.toPrecision(3))}${['B', 'kB', 'MB', 'GB'][unit] ?? ''}`;
}

async function rowsOf(real: RealEngine): Promise<readonly string[]> {
  const { stdout } = await real.docker(['images', '--no-trunc', '--digests', '--format', '{{json .}}']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  return distinct(rows.map((row) => `${row.ID} ${nameOf(row)} ${row.Size}`));
}

function ownRows(images: readonly EngineImage[]): readonly string[] {
  return distinct(
    images.flatMap(({ id, references, digestReferences, size }) => {
      const names = [...references, ...digestReferences];
      return (names.length === 0 ? [''] : names).map((name) => `${id} ${name} ${humanSize(size)}`);
    }),
  );
}

function distinct(rows: readonly string[]): readonly string[] {
  return [...new Set(rows)].sort();
}

/** An image whose process sleeps, made of this machine's files. */
async function importSleeper(real: RealEngine, name: string): Promise<void> {
  const archive = pack();
  const importing = real.docker(['import', '--change', 'CMD ["/bin/sleep", "600"]', '-', name], { input: archive });
  for (const path of ['/bin/sleep', '/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2']) {
    archive.entry({ name: path.slice(1), mode: 0o755 }, await readFile(await realpath(path)));
  }
  archive.finalize();
  await importing;
}

/** Tagged, two tags, untagged, by digest only; and a container of each state. */
async function addImages(real: RealEngine): Promise<void> {
  await loadImages(real, [
    { tags: ['plain:1'], layers: [{ a: 'plain' }] },
    { tags: ['two:1', 'localhost:5000/team/two:2'], layers: [{ a: 'two' }] },
    { tags: ['moved:1'], layers: [{ a: 'before' }] },
  ]);
  await loadImages(real, [{ tags: ['moved:1'], layers: [{ a: 'after' }] }]);
  await real.docker(['create', 'plain:1']);
  await importSleeper(real, 'sleeper:1');
  await real.docker(['create', 'sleeper:1']);
  await real.docker(['run', '--detach', '--network', 'none', 'sleeper:1']);
}

async function addByDigest(real: RealEngine, registry: string): Promise<string> {
  await loadImages(real, [{ tags: [`${registry}/team/pulled:1`], layers: [{ a: 'pulled' }] }]);
  const { stdout } = await real.docker(['push', `${registry}/team/pulled:1`]);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1] ?? assert.fail(stdout);
  await real.docker(['rmi', `${registry}/team/pulled:1`]);
  await real.docker(['pull', `${registry}/team/pulled@${digest}`]);
  return `${registry}/team/pulled@${digest}`;
}

/** What containerd's store alone holds: an index, an artifact, an image whose digests are sha512. */
async function addOdd(real: RealEngine): Promise<void> {
  const index = new Blobs();
  const [amd64, arm64] = [await addPlatform(index, 'amd64'), await addPlatform(index, 'arm64')];
  const on = (architecture: string) => ({ platform: { os: 'linux', architecture } });
  const manifests = [{ ...amd64, ...on('amd64') }, { ...arm64, ...on('arm64') }, addAttestation(index, amd64)];
  await loadLayout(real, index, addIndex(index, manifests), 'docker.io/library/multi:1');
  const chart = new Blobs();
  const manifest = chart.add(`${oci}.manifest.v1+json`, {
    ...{ schemaVersion: 2, mediaType: `${oci}.manifest.v1+json` },
    config: chart.add('application/vnd.cncf.helm.config.v1+json', { name: 'chart', version: '1' }),
    layers: [chart.add('application/vnd.cncf.helm.chart.content.v1.tar+gzip', Buffer.from('chart'))],
  });
  await loadLayout(real, chart, manifest, 'docker.io/library/chart:1');
  await loadSha512(real);
}

async function loadSha512(real: RealEngine): Promise<void> {
  const archive = pack();
  const loading = real.docker(['load', '--quiet'], { input: archive });
  const add = (mediaType: string, content: Buffer): object => {
    const hash = createHash('sha512').update(content).digest('hex');
    archive.entry({ name: `blobs/sha512/${hash}` }, content);
    return { mediaType, digest: `sha512:${hash}`, size: content.byteLength };
  };
  const addJson = (mediaType: string, content: object): object => add(mediaType, Buffer.from(JSON.stringify(content)));
  const layer = Buffer.alloc(1024);
  const diff = `sha512:${createHash('sha512').update(layer).digest('hex')}`;
  const rootfs = { type: 'layers', diff_ids: [diff] };
  const top = addJson(`${oci}.manifest.v1+json`, {
    ...{ schemaVersion: 2, mediaType: `${oci}.manifest.v1+json` },
    config: addJson(`${oci}.config.v1+json`, { architecture: 'amd64', os: 'linux', config: {}, rootfs }),
    layers: [add(`${oci}.layer.v1.tar`, layer)],
  });
  const annotations = { 'io.containerd.image.name': 'docker.io/library/odd:1' };
  archive.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  archive.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }));
  archive.finalize();
  await loading;
}

async function platformsOf(engine: Engine, image: EngineImage): Promise<readonly (string | undefined)[]> {
  return (image.platforms ?? (await engine.platformsOf(image, { signal }))).map(describePlatform);
}

const engines: Readonly<Record<string, { readonly start: () => Promise<RealEngine>; readonly holdsOdd: boolean }>> = {
  'Docker 20.10': { start: () => startPrivateEngine(), holdsOdd: false },
  'Docker 28, classic store': { start: () => startNewEngine({ containerdStore: false }), holdsOdd: false },
  'Docker 28, containerd store': { start: () => startNewEngine({ containerdStore: true }), holdsOdd: true },
};

suite('the list of images', () => {
  for (const [name, { start, holdsOdd }] of Object.entries(engines)) {
    test(`is that of docker’s own client: ${name}`, async () => {
      await provision(['engine', 'registry']);
      const [real, registry] = await Promise.all([start(), startRegistry()]);
      const warnings: string[] = [];
      const endpoint = await discoverEndpoint({ host: real.host });
      const engine = new Engine(endpoint, { logger: { warn: (message) => warnings.push(message) } });
      try {
        await addImages(real);
        const byDigest = await addByDigest(real, registry.host);
        if (holdsOdd) await addOdd(real);

        const images = await engine.listImages({ signal });
        assert.deepEqual(ownRows(images), await rowsOf(real));
        const named = (reference: string): EngineImage =>
          images.find(({ references, digestReferences }) => [...references, ...digestReferences].includes(reference)) ??
          assert.fail(`${reference} is not listed`);
        assert.deepEqual(named(byDigest).references, []);
        assert.ok(images.some(({ references, digestReferences }) => references.length + digestReferences.length === 0));
        assert.deepEqual(named('two:1').usedBy, { running: 0, stopped: 0 });
        assert.deepEqual(named('plain:1').usedBy, { running: 0, stopped: 1 });
        assert.deepEqual(named('sleeper:1').usedBy, { running: 1, stopped: 1 });

        for (const image of images.filter(({ obstacle, isArtifact }) => obstacle === undefined && !isArtifact)) {
          const inspected = (await real.docker(['image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', image.id]))
            .stdout;
          assert.equal((await platformsOf(engine, image))[0], inspected.trim(), image.references.join());
        }
        if (!holdsOdd) return;
        assert.deepEqual(await platformsOf(engine, named('multi:1')), ['linux/amd64', 'linux/arm64']);
        const chart = named('chart:1');
        assert.deepEqual([chart.isArtifact, chart.platforms], [true, []]);
        assert.equal(chart.artifactType, 'application/vnd.cncf.helm.config.v1+json');
        assert.notEqual(chart.taggedAt, undefined, 'it has no date of its own');
        assert.match(named('odd:1').obstacle ?? '', /sha512/);
        await assert.rejects(engine.inspect('odd:1', { signal }), { message: /cannot be pushed: its ID is a sha512/ });
        assert.deepEqual(warnings, []);
      } finally {
        engine.dispose();
        // The file system of a running container is mounted in the folder of the engine's data.
        const containers = (await real.docker(['ps', '--all', '--quiet'], { mayFail: true })).stdout.trim().split('\n');
        await real.docker(['rm', '--force', ...containers], { mayFail: true });
        await Promise.all([real.stop(), registry.stop()]);
      }
    });
  }
});
