import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readArchive } from '../../../../src/core/docker/archive/readArchive.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';
import {
  configFor,
  hexOf,
  inChunks,
  layoutOf,
  readAll,
  realArchive,
  subjectFor,
  tarOf,
  type Member,
} from './archives.ts';

const base = Buffer.from('base layer '.repeat(700));
const middle = Buffer.from('middle layer '.repeat(50));
const top = Buffer.alloc(5120);

test('archives of real engines yield every layer, proved by hash, and the verbatim config', async (t) => {
  const kinds = {
    'docker-20.10': 'named',
    'docker-28': 'named',
    'docker-28-containerd': 'compressed',
    'docker-28-containerd-loaded': 'named',
    'podman-5': 'named',
  };
  for (const [kind, hints] of Object.entries(kinds)) {
    await t.test(kind, async () => {
      const { bytes, image } = await realArchive(kind);
      const read = await readAll(inChunks(bytes, 777), image);
      const diffIdOf = new Map<string, Digest>();
      for (const layer of read.layers) {
        const tar = hints === 'compressed' ? gunzipSync(layer.bytes) : layer.bytes;
        const diffId = digestOf(tar);
        assert.equal(layer.bytes.byteLength, layer.size);
        assert.equal(layer.expectedDiffId, hints === 'compressed' ? undefined : diffId);
        diffIdOf.set(layer.path, diffId);
      }
      assert.deepEqual(
        read.image.layers.map((path) => diffIdOf.get(path)),
        image.diffIds,
      );
      const config = JSON.parse(Buffer.from(read.image.config).toString()) as { rootfs: { diff_ids: string[] } };
      assert.deepEqual(config.rootfs.diff_ids, image.diffIds);
      if (!kind.includes('containerd')) assert.equal(digestOf(read.image.config), image.id);
    });
  }
});

test('an archive reads the same however it is cut into chunks', async () => {
  const { members, image } = layoutOf([base, middle]);
  const bytes = await tarOf(members);
  const whole = await readAll(inChunks(bytes, bytes.byteLength), image);
  for (const size of [1, 511, 512, 513, 4096]) {
    assert.deepEqual(await readAll(inChunks(bytes, size), image), whole, `chunks of ${size} bytes`);
  }
});

test('an unread layer, or one read in part, is skipped', async () => {
  const { members, image } = layoutOf([base, middle, top]);
  const paths: string[] = [];
  for await (const item of readArchive(inChunks(await tarOf(members), 100), [image])) {
    if (item.kind === 'image') break;
    paths.push(item.path);
    if (paths.length !== 2) continue;
    for await (const chunk of item.body) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
  }
  assert.equal(paths.length, 3);
});

test('the same diffID twice is one layer of the archive, listed twice', async () => {
  const { members, image } = layoutOf([base, middle, base]);
  const read = await readAll(inChunks(await tarOf(members)), image);
  assert.equal(read.layers.length, 2);
  assert.equal(read.image.layers.length, 3);
  assert.equal(read.image.layers[0], read.image.layers[2]);
});

test('an image without layers, and one whose layers are empty files, are images', async () => {
  for (const layers of [[], [Buffer.alloc(0)]]) {
    const { members, image, config } = layoutOf(layers);
    const read = await readAll(inChunks(await tarOf(members)), image);
    assert.equal(read.image.layers.length, layers.length);
    assert.deepEqual(Buffer.from(read.image.config), config);
  }
});

test('manifest.json may come before the layers', async () => {
  const { members, image } = layoutOf([base, middle]);
  const read = await readAll(inChunks(await tarOf(members.toReversed())), image);
  assert.equal(read.image.layers.length, 2);
});

test('layers may be links to others, before or after them, symbolic or hard', async () => {
  const diffIds = [base, base, middle, base].map(digestOf);
  const config = configFor(diffIds);
  const image = subjectFor(config, diffIds);
  const members: Member[] = [
    { name: 'early/layer.tar', type: 'symlink', linkname: '../real/layer.tar' },
    { name: 'real/layer.tar', content: base },
    { name: 'other/layer.tar', content: middle },
    { name: 'hard/layer.tar', type: 'link', linkname: 'early/layer.tar' },
    { name: 'c.json', content: config },
    {
      name: 'manifest.json',
      content: JSON.stringify([
        { Config: 'c.json', Layers: ['early/layer.tar', './real/layer.tar', 'other/layer.tar', 'hard/layer.tar'] },
      ]),
    },
  ];
  const read = await readAll(inChunks(await tarOf(members)), image);
  assert.deepEqual(read.image.layers, ['real/layer.tar', 'real/layer.tar', 'other/layer.tar', 'real/layer.tar']);
});

test('names that are too long for a tar header are complete', async () => {
  const folder = 'a-very-long-folder-name'.repeat(8);
  const diffIds = [digestOf(base)];
  const config = configFor(diffIds);
  const name = `${folder}/${folder}/layer.tar`;
  const manifest = JSON.stringify([{ Config: 'c.json', Layers: [name] }]);
  const bytes = await tarOf([
    { name, content: base },
    { name: 'c.json', content: config },
    { name: 'manifest.json', content: manifest },
  ]);
  const read = await readAll(inChunks(bytes), subjectFor(config, diffIds));
  assert.deepEqual(read.image.layers, [name]);
});

test('of several images in an archive, the requested one is chosen', async () => {
  const { members, image, config } = layoutOf([base]);
  const foreignConfig = configFor([digestOf(middle)]);
  const manifest = [
    { Config: `blobs/sha256/${hexOf(foreignConfig)}`, Layers: [] },
    { Config: `blobs/sha256/${hexOf(config)}`, Layers: [`blobs/sha256/${hexOf(base)}`] },
  ];
  const bytes = await tarOf([
    ...members.filter(({ name }) => name !== 'manifest.json'),
    { name: `blobs/sha256/${hexOf(foreignConfig)}`, content: foreignConfig },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
  assert.deepEqual(Buffer.from((await readAll(inChunks(bytes), image)).image.config), config);
});

test('with containerd’s store, index.json confirms the ID, and layers and platform identify the config', async () => {
  const packed = gzipSync(base);
  const diffIds = [digestOf(base)];
  const arm = configFor(diffIds, { architecture: 'arm64' });
  const amd = configFor(diffIds);
  const manifest = Buffer.from('{"schemaVersion":2}');
  const blob = (bytes: Uint8Array): string => `blobs/sha256/${hexOf(bytes)}`;
  const members = (indexed: Digest): Member[] => [
    ...[packed, arm, amd, manifest, Buffer.from('BZh9 no layer of this image')].map((content) => ({
      name: blob(content),
      content,
    })),
    { name: 'index.json', content: JSON.stringify({ manifests: [{ digest: indexed }] }) },
    {
      name: 'manifest.json',
      content: JSON.stringify([arm, amd].map((config) => ({ Config: blob(config), Layers: [blob(packed)] }))),
    },
  ];
  const image = { ...subjectFor(amd, diffIds), id: digestOf(manifest) };
  const read = await readAll(inChunks(await tarOf(members(image.id))), image);
  assert.deepEqual(Buffer.from(read.image.config), amd);
  assert.deepEqual(read.layers, [
    { path: blob(packed), size: packed.byteLength, expectedDiffId: undefined, bytes: packed },
  ]);

  const unvouched = readAll(inChunks(await tarOf(members(digestOf(base)))), image);
  await assert.rejects(unvouched, { code: 'archiveInvalid', message: /no configuration that is the one of image/ });
});

test('a config may begin with white space, and say nothing of a platform', async () => {
  const packed = gzipSync(base);
  const diffIds = [digestOf(base)];
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const config = Buffer.from(`${'\r\n\t '.repeat(20)}${JSON.stringify({ rootfs }, undefined, 2)}\n`);
  const manifest = Buffer.from('{"schemaVersion":2}');
  const blob = (bytes: Uint8Array): string => `blobs/sha256/${hexOf(bytes)}`;
  const id = digestOf(manifest);
  const members: Member[] = [
    ...[packed, config, manifest].map((content) => ({ name: blob(content), content })),
    { name: 'index.json', content: JSON.stringify({ manifests: [{ digest: id }] }) },
    { name: 'manifest.json', content: JSON.stringify([{ Config: blob(config), Layers: [blob(packed)] }]) },
  ];
  // As the engine says it of such an image.
  const image = { id, diffIds, platform: { os: '', architecture: '' } };
  for (const size of [1, 1000]) {
    const read = await readAll(inChunks(await tarOf(members), size), image);
    assert.deepEqual(Buffer.from(read.image.config), config);
    assert.deepEqual(read.image.layers, [blob(packed)]);
  }
});

test('the lower layers are identified in a legacy archive from another time zone', async () => {
  // What CreateID makes of the two layers below, with the epoch as an engine in Berlin writes it.
  const created = '1970-01-01T01:00:00+01:00';
  const diffIds = [base, middle, top].map(digestOf);
  const empty =
    '"container_config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null}';
  const first = hexOf(`{${empty},"created":"${created}","layer_id":"${String(diffIds[0])}"}`);
  const config = configFor(diffIds);
  const bytes = await tarOf([
    { name: `${first}/json`, content: JSON.stringify({ id: first, created }) },
    { name: `${first}/layer.tar`, content: base },
    { name: 'unknown/json', content: JSON.stringify({ id: 'unknown', parent: 'nobody', created }) },
    { name: 'unknown/layer.tar', content: middle },
    { name: 'c.json', content: config },
    {
      name: 'manifest.json',
      content: JSON.stringify([{ Config: 'c.json', Layers: [`${first}/layer.tar`, 'unknown/layer.tar'] }]),
    },
  ]);
  const read = await readAll(inChunks(bytes), subjectFor(config, diffIds));
  assert.deepEqual(
    read.layers.map((layer) => layer.expectedDiffId),
    [diffIds[0], undefined],
  );
});
