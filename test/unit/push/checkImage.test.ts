import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { serializeManifest, type Descriptor } from '../../../src/core/oci/manifest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import { checkImage, type PresentBlob, type Publication } from '../../../src/core/push/checkImage.ts';

const whole = { kind: 'whole' } as const;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const describeBlob = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

type OwnImage = Omit<Publication, 'configs'> & { readonly configs: ReadonlyMap<Digest, Buffer> };

/** An image of ours: gzip layers of these contents. */
function ownImage(contents: readonly string[]): OwnImage {
  const tars = contents.map((text) => Buffer.from(text));
  const diffIds = tars.map(digestOf);
  const config = json({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } });
  const layers = tars.map((tar) => describeBlob(mediaTypes.ociLayerGzip, gzipSync(tar)));
  const blobs = layers.map(({ digest, size, mediaType }, at): [Digest, PresentBlob] => {
    const diffId = diffIds[at] ?? assert.fail();
    return [digest, { size, proof: 'hashedHere', layer: { diffId, mediaType } }];
  });
  const manifest = serializeManifest(describeBlob(mediaTypes.ociConfig, config), layers);
  return {
    image: { id: digestOf(config), references: ['app:1'], diffIds },
    selection: whole,
    isEngineManifest: false,
    manifests: [{ bytes: manifest, mediaType: mediaTypes.ociManifest }],
    configs: new Map([[digestOf(config), config]]),
    blobs: new Map(blobs),
    presentManifests: new Set(),
  };
}

interface Platform {
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly diffIds: readonly Digest[];
  readonly blobs: readonly [Digest, PresentBlob][];
}

/** One platform as containerd's store has it. */
function platform(name: string, layerType: string = mediaTypes.ociLayerGzip, diffIds?: readonly Digest[]): Platform {
  const tar = Buffer.from(`the files of ${name}`);
  const blob = gzipSync(tar);
  const named = diffIds ?? [digestOf(tar)];
  const config = json({ architecture: name, os: 'linux', rootfs: { type: 'layers', diff_ids: named } });
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describeBlob(mediaTypes.ociConfig, config),
    layers: [describeBlob(layerType, blob)],
  });
  const blobs = [blob, config].map((bytes): [Digest, PresentBlob] => [
    digestOf(bytes),
    { size: bytes.byteLength, proof: 'engineStore' },
  ]);
  return { manifest, config, diffIds: named, blobs };
}

function engineIndex(platforms: readonly Platform[], listed = platforms): Publication {
  const index = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: listed.map(({ manifest }) => describeBlob(mediaTypes.ociManifest, manifest)),
  });
  return {
    image: {
      id: digestOf(index),
      references: ['app:1'],
      diffIds: platforms[0]?.diffIds ?? [],
      manifestType: mediaTypes.ociIndex,
    },
    selection: whole,
    isEngineManifest: true,
    manifests: [
      ...platforms.map(({ manifest }) => ({ bytes: manifest, mediaType: mediaTypes.ociManifest })),
      { bytes: index, mediaType: mediaTypes.ociIndex },
    ],
    configs: new Map(platforms.map(({ config }) => [digestOf(config), config])),
    blobs: new Map(platforms.flatMap(({ blobs }) => blobs)),
    presentManifests: new Set(),
  };
}

function refusal(publication: Publication): string {
  try {
    checkImage(publication);
  } catch (error) {
    assert.ok(error instanceof TeaChestError, String(error));
    assert.deepEqual([error.code, error.stage], ['imageMismatch', 'verify']);
    return error.message;
  }
  return assert.fail('it was taken for one image');
}

describe('what is about to be published', () => {
  const good = ownImage(['base', 'app']);
  const [first, second] = [...good.blobs] as [[Digest, PresentBlob], [Digest, PresentBlob]];
  const rebuilt = (config: Descriptor, layers: readonly Descriptor[]): Publication['manifests'] => [
    { bytes: serializeManifest(config, layers), mediaType: mediaTypes.ociManifest },
  ];
  const descriptorOf = ([digest, { size, layer }]: [Digest, PresentBlob]): Descriptor => ({
    digest,
    size,
    mediaType: layer?.mediaType ?? '',
  });
  const [config = Buffer.alloc(0)] = [...good.configs.values()];

  it('is one image if manifest, config and layers fit each other, whatever the layers are', () => {
    const property = fc.property(fc.array(fc.string(), { maxLength: 8 }), (contents) => {
      checkImage(ownImage(contents));
    });
    fc.assert(property);
  });

  it('is refused once any two of its parts are of different images', () => {
    const contents = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 });
    const property = fc.property(contents, contents, (one, other) => {
      const [a, b] = [ownImage(one.map((text) => `1${text}`)), ownImage(other.map((text) => `2${text}`))];
      for (const part of ['image', 'manifests', 'configs', 'blobs'] as const) refusal({ ...a, [part]: b[part] });
    });
    fc.assert(property);
  });

  it('is refused if its config is a manifest, or no JSON', () => {
    for (const wrong of [Buffer.from(good.manifests[0]?.bytes ?? []), Buffer.from('<html>'), json([]), json({})]) {
      const manifests = rebuilt(describeBlob(mediaTypes.ociConfig, wrong), [descriptorOf(first), descriptorOf(second)]);
      assert.match(refusal({ ...good, manifests, configs: new Map([[digestOf(wrong), wrong]]) }), /no image config/);
    }
  });

  it('is refused if a layer is not proved, at another position, missing, or of another size', () => {
    const named = describeBlob(mediaTypes.ociConfig, config);
    assert.match(refusal({ ...good, blobs: new Map([first]) }), /nothing proves the layer/);
    const swapped = rebuilt(named, [descriptorOf(second), descriptorOf(first)]);
    assert.match(refusal({ ...good, manifests: swapped }), /not proved to be layer 1/);
    const short = rebuilt(named, [descriptorOf(first)]);
    assert.match(refusal({ ...good, manifests: short }), /names 2 layers, and the manifest \S+ has 1/);
    const longer = rebuilt(named, [{ ...descriptorOf(first), size: 7 }, descriptorOf(second)]);
    assert.match(refusal({ ...good, manifests: longer }), /the manifest \S+ says 7/);
  });

  it('is refused if a layer is called what its bytes are not', () => {
    const tar = Buffer.from('a tar');
    const alike = ownImage(['a tar']);
    const config = [...alike.configs.values()][0] ?? assert.fail();
    for (const mediaType of [mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd]) {
      const blob = describeBlob(mediaType, tar);
      const proved: PresentBlob = { size: blob.size, proof: 'provedBefore', layer: { diffId: blob.digest, mediaType } };
      const manifests = rebuilt(describeBlob(mediaTypes.ociConfig, config), [blob]);
      assert.match(refusal({ ...alike, manifests, blobs: new Map([[blob.digest, proved]]) }), /is not what/);
    }
  });

  it('is refused if the manifest is none, or another type than it is sent as', () => {
    for (const bytes of ['{}', '<html>', '{"schemaVersion":2,"layers":[]}', '{"schemaVersion":1,"config":{}}']) {
      const manifests = [{ bytes: Buffer.from(bytes), mediaType: mediaTypes.ociManifest }];
      assert.match(refusal({ ...good, manifests }), /cannot be read as one/);
    }
    const manifests = good.manifests.map(({ bytes }) => ({ bytes, mediaType: mediaTypes.dockerManifest }));
    assert.match(refusal({ ...good, manifests }), /says that it is/);
    assert.match(refusal({ ...good, manifests: [] }), /no manifest/);
  });

  describe('as the engine pushed it', () => {
    const [amd, arm] = [platform('amd64'), platform('arm64')];

    it('may be an index with all its platforms, or that one of them which was selected', () => {
      const index = engineIndex([amd, arm]);
      checkImage(index);
      const manifests = index.manifests.slice(0, 1);
      assert.match(refusal({ ...index, manifests }), /which is not of the image/);
      const select = (digest: Digest): Publication['selection'] => ({
        kind: 'manifest',
        manifest: { digest, isAvailable: true, platform: undefined },
        isAsked: true,
        missing: [],
      });
      checkImage({ ...index, manifests, selection: select(digestOf(amd.manifest)) });
      const other = { ...index, manifests, selection: select(digestOf(arm.manifest)) };
      assert.match(refusal(other), /which is not of the image/);
    });

    it('may be what the engine pushes of an index whose manifests it does not list', () => {
      const index = engineIndex([amd, arm]);
      const selection = { kind: 'unlisted', platform: undefined } as const;
      const image = { ...index.image, manifestType: undefined };
      checkImage({ ...index, image, selection, manifests: index.manifests.slice(0, 1) });
    });

    it('may hold attestations, which are no layers, and artifacts, which have no diffIDs', () => {
      checkImage(engineIndex([amd, platform('unknown', 'application/vnd.in-toto+json', [])]));
      const chart = json({ name: 'chart' });
      const manifest = json({
        schemaVersion: 2,
        config: describeBlob('application/vnd.cncf.helm.config.v1+json', chart),
        layers: [describeBlob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', Buffer.from('chart'))],
      });
      const blobs = [chart, Buffer.from('chart')].map((bytes): [Digest, PresentBlob] => [
        digestOf(bytes),
        { size: bytes.byteLength, proof: 'engineStore' },
      ]);
      checkImage({
        image: { id: digestOf(manifest), references: [], diffIds: [] },
        selection: whole,
        isEngineManifest: true,
        manifests: [{ bytes: manifest, mediaType: mediaTypes.ociManifest }],
        configs: new Map(),
        blobs: new Map(blobs),
        presentManifests: new Set(),
      });
    });

    it('is refused if a platform of the index is nowhere, and taken if the registry has it', () => {
      const partial = engineIndex([amd], [amd, arm]);
      assert.match(refusal(partial), /which is not there/);
      checkImage({ ...partial, presentManifests: new Set([digestOf(arm.manifest)]) });
    });

    it('is refused if it is another image: a name that was moved while it was pushed', () => {
      const asked = engineIndex([amd]);
      const pushed = engineIndex([arm]);
      assert.match(refusal({ ...pushed, image: asked.image }), /layers that the container engine named/);
      const same = engineIndex([platform('amd64'), platform('riscv64')]);
      assert.match(refusal({ ...same, image: asked.image }), /which is not of the image/);
    });

    it('is vouched for by the engine’s own manifest where a storage out of reach keeps its config', () => {
      const whole = engineIndex([amd]);
      const configs = new Map([...whole.configs.keys()].map((digest) => [digest, 'unreadable'] as const));
      checkImage({ ...whole, configs });
      assert.match(refusal({ ...whole, configs, image: engineIndex([arm]).image }), /which is not of the image/);
      assert.match(refusal({ ...good, configs: new Map([[digestOf(config), 'unreadable']]) }), /could not be read/);
    });

    it('is refused if a config or a layer did not arrive, or a config names other layers', () => {
      const whole = engineIndex([amd]);
      const [layer, config] = amd.blobs as [[Digest, PresentBlob], [Digest, PresentBlob]];
      assert.match(refusal({ ...whole, blobs: new Map([config]) }), /nothing proves the layer/);
      assert.match(refusal({ ...whole, blobs: new Map([layer]) }), /the config \S+ is not there/);
      assert.match(refusal({ ...whole, configs: new Map() }), /could not be read/);
      const odd = engineIndex([platform('amd64', mediaTypes.ociLayerGzip, [])]);
      assert.match(refusal(odd), /names 0 layers/);
    });
  });
});
