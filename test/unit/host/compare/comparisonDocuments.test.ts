import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import { noSettings, type ImageDescription } from '../../../../src/core/oci/imageDescription.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import { bytesSource } from '../../../../src/core/ports/blobSource.ts';
import type { ImageDetails } from '../../../../src/core/ports/imageSource.ts';
import { EngineLink, type Engine } from '../../../../src/host/engine/engine.ts';
import type { ComparedSide } from '../../../../src/host/compare/comparedSide.ts';
import { never, type TestClient } from '../../gitea/testClient.ts';
import { useFakeVscode } from '../support/fakeVscode.ts';
import type { RegistryRig } from '../support/registryRig.ts';

useFakeVscode();
const { buildRegistryRig } = await import('../support/registryRig.ts');
const { ComparisonDocuments, comparisonUris } = await import('../../../../src/host/compare/comparisonDocuments.ts');

const digest = (name: string): Digest => digestOf(Buffer.from(name));
const call = { signal: never };

interface Stored {
  readonly layers: readonly (readonly [diffId: string, mediaType: string, size: number])[];
  readonly config?: object;
  readonly history?: readonly object[];
}

/** Stores an image whose blobs are made up, but for its config. */
async function store(client: TestClient, { layers, config = {}, history = [] }: Stored): Promise<Digest> {
  const repository = await client.repository('dev/app', call);
  const blobs = layers.map(([diffId, mediaType, size]) => {
    const bytes = Buffer.alloc(size, `${diffId} ${mediaType}`);
    return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size } };
  });
  const configBytes = Buffer.from(
    JSON.stringify({
      ...{ os: 'linux', architecture: 'amd64', created: '2026-11-23T09:00:00Z', config, history },
      rootfs: { type: 'layers', diff_ids: layers.map(([diffId]) => digest(diffId)) },
    }),
  );
  for (const bytes of [configBytes, ...blobs.map((blob) => blob.bytes)]) {
    await repository.uploadBlob(bytesSource(bytes, digestOf(bytes)), { signal: never, onSent: () => undefined });
  }
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest, layers: blobs.map(({ descriptor }) => descriptor) },
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
    }),
  );
  await repository.putManifest(digestOf(manifest), manifest, mediaTypes.ociManifest, call);
  return digestOf(manifest);
}

/** The documents of a comparison, each as its lines. */
async function documentsOf(
  rig: Pick<RegistryRig, 'store' | 'access'>,
  left: ComparedSide,
  right: ComparedSide,
  engine: Partial<Engine> = {},
): Promise<{ readonly left: readonly string[]; readonly right: readonly string[] }> {
  const link = new EngineLink(() => Promise.resolve(engine as Engine));
  const documents = new ComparisonDocuments(rig.store, rig.access, link);
  const uris = comparisonUris({ left, right });
  const [one, other] = await Promise.all([
    documents.provideTextDocumentContent(uris.left),
    documents.provideTextDocumentContent(uris.right),
  ]);
  documents.dispose();
  return { left: one.split('\n'), right: other.split('\n') };
}

const body = (lines: readonly string[]): readonly string[] => lines.slice(lines.indexOf('SETTINGS'));
const head = (lines: readonly string[]): readonly string[] => lines.slice(0, lines.indexOf('SETTINGS'));

suite('the documents of a comparison', () => {
  const side = (origin: string, of: Digest): ComparedSide => ({
    kind: 'registry',
    ...{ origin, repository: 'dev/app', digest: of, label: 'gitea.test/dev/app:1' },
  });

  test('of the same layers in gzip and in zstd differ in nothing but their sizes', async (t) => {
    const rig = await buildRegistryRig(t);
    const gzip = await store(rig.client, { layers: [['base', mediaTypes.ociLayerGzip, 2000]] });
    const zstd = await store(rig.client, { layers: [['base', mediaTypes.ociLayerZstd, 1500]] });
    const { origin } = rig.connection;
    const { left, right } = await documentsOf(rig, side(origin, gzip), side(origin, zstd));
    assert.equal(left[0], 'The same image.');
    assert.deepEqual(left, right);
    assert.ok(left.includes('1      2.0 kB gzip    1.5 kB zstd     yes'), left.join('\n'));
  });

  test('say what a push would send, and differ where the images do', async (t) => {
    const rig = await buildRegistryRig(t);
    const there = await store(rig.client, {
      layers: [
        ['base', mediaTypes.ociLayerGzip, 2000],
        ['app', mediaTypes.ociLayerGzip, 100],
      ],
      config: { Env: ['A=1'], Cmd: ['/app'], Labels: { b: '2', a: '1' } },
      history: [{ created_by: 'ADD base' }, { created_by: 'ENV A=1', empty_layer: true }, { created_by: 'COPY app' }],
    });
    const layer = (name: string, size: number, madeBy: string) => ({
      diffId: digest(name),
      size,
      blob: undefined,
      madeBy,
    });
    const here: ImageDescription = {
      ...{ manifest: undefined, config: digest('config'), platform: 'linux/amd64', createdAt: '2026-11-24T09:00:00Z' },
      settings: { ...noSettings, env: ['A=2'], cmd: ['/app'], labels: [['a', '1']] },
      layers: [layer('base', 9000, 'ADD base'), layer('new app', 700_000, 'COPY app')],
    };
    const engine: Partial<Engine> = {
      inspect: () => Promise.resolve({ id: digest('config') } as ImageDetails),
      describe: () => Promise.resolve(here),
    };
    const local = { kind: 'engine', id: digest('config'), label: 'app:1' } as const;
    const { left, right } = await documentsOf(rig, side(rig.connection.origin, there), local, engine);
    assert.deepEqual(left.slice(0, 2), [
      'The first of 2 layers is the same. The settings differ.',
      'A push would send at most 1 layer with 700 kB of files, compressed.',
    ]);
    assert.deepEqual(head(left), head(right));
    assert.ok(left.includes('2      100 B gzip     700 kB         no    COPY app'), left.join('\n'));
    const differences = (one: readonly string[], other: readonly string[]): readonly string[] =>
      body(one).filter((line) => !body(other).includes(line));
    assert.deepEqual(differences(left, right), ['variable      A=1', 'label         b=2', digest('app')]);
    assert.deepEqual(differences(right, left), ['variable      A=2', digest('new app')]);
  });

  test('show values from outside as data, each in one line', async (t) => {
    const rig = await buildRegistryRig(t);
    const hostile = await store(rig.client, {
      layers: [['base', mediaTypes.ociLayerGzip, 10]],
      config: { Labels: { x: 'one\nLAYERS\u202e\u001b[31m' }, User: 'a\u2028b' },
      history: [{ created_by: 'RUN x\n\nSETTINGS\u0000' }],
    });
    const { left } = await documentsOf(
      rig,
      { ...side(rig.connection.origin, hostile), label: 'x\nThe same image.' },
      side(rig.connection.origin, hostile),
    );
    assert.equal(left.filter((line) => line === 'SETTINGS').length, 1);
    assert.equal(left.filter((line) => line === 'LAYERS').length, 1);
    assert.equal(left.filter((line) => line === 'The same image.').length, 1);
    assert.ok(left.includes('label         x=one\\nLAYERS\\u202e\\u001b[31m'), left.join('\n'));
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    assert.doesNotMatch(left.join(''), /[\u0000-\u001f\u2028\u202e]/);
  });

  test('are an error for what is not there, and read from no other registry', async (t) => {
    const rig = await buildRegistryRig(t);
    const { origin } = rig.connection;
    const gone = await documentsOf(rig, side(origin, digest('gone')), side(origin, digest('gone')));
    assert.match(gone.left[0] ?? '', /The registry does not have sha256:\S+ of dev\/app any more/);
    const requests = rig.fakeGitea.requests.length;
    for (const other of [
      side('https://elsewhere.test', digest('x')),
      { ...side(origin, digest('x')), repository: '../../api/v1/user' } as ComparedSide,
    ]) {
      const { left } = await documentsOf(rig, other, other);
      assert.match(left[0] ?? '', /no registry that you are signed in to/);
    }
    assert.equal(rig.fakeGitea.requests.length, requests);
  });
});
