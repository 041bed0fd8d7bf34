import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compareImages } from '../../../src/core/compare/compareImages.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import { noSettings, type ImageDescription } from '../../../src/core/oci/imageDescription.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';

const digest = (name: string): Digest => digestOf(Buffer.from(name));

function image(layers: readonly string[], more: Partial<ImageDescription> = {}): ImageDescription {
  return {
    ...{ manifest: undefined, config: undefined, platform: 'linux/amd64', createdAt: undefined, settings: noSettings },
    layers: layers.map((name) => ({ diffId: digest(name), size: 1, blob: undefined, madeBy: undefined })),
    ...more,
  };
}

function compared(left: ImageDescription, right: ImageDescription): readonly [string, boolean, number, number] {
  const { relation, areSettingsSame, sharedFromBase, onlyRight } = compareImages(left, right);
  return [relation, areSettingsSame, sharedFromBase, onlyRight.length];
}

suite('two images', () => {
  const other = { settings: { ...noSettings, user: 'app' } };

  test('are the same by the digest of config or manifest', () => {
    const config = digest('config');
    assert.deepEqual(compared(image(['a'], { config }), image(['a'], { config })), ['sameImage', true, 1, 0]);
    const manifest = digest('manifest');
    assert.equal(compared(image(['a'], { manifest }), image(['a'], { manifest }))[0], 'sameImage');
    assert.equal(compared(image(['a']), image(['a']))[0], 'sameContent', 'not known to be the same');
  });

  test('have the same layers and other settings', () => {
    assert.deepEqual(compared(image(['a', 'b']), image(['a', 'b'], other)), ['sameLayers', false, 2, 0]);
    assert.equal(compared(image(['a']), image(['a'], { platform: 'linux/arm64' }))[0], 'sameLayers');
  });

  test('share layers from the base on', () => {
    assert.deepEqual(compared(image(['a', 'b']), image(['a', 'b', 'c'])), ['someLayers', true, 2, 1]);
    assert.deepEqual(compared(image(['a', 'b', 'c']), image(['a', 'x'])), ['someLayers', true, 1, 1]);
    assert.deepEqual(compared(image(['a', 'b']), image(['b', 'a'])), ['someLayers', true, 0, 0]);
    assert.deepEqual(compared(image(['a']), image(['b', 'c'], other)), ['noLayers', false, 0, 2]);
    assert.deepEqual(compared(image([]), image([])), ['sameContent', true, 0, 0]);
  });

  test('are compared by the files of their layers, whatever compresses them', () => {
    const blob = (mediaType: string, name: string) => ({ digest: digest(name), mediaType });
    const layer = { diffId: digest('a'), size: 1, madeBy: undefined };
    const gzip = image([], { layers: [{ ...layer, blob: blob(mediaTypes.ociLayerGzip, 'gzip') }] });
    const zstd = image([], { layers: [{ ...layer, size: 2, blob: blob(mediaTypes.ociLayerZstd, 'zstd') }] });
    assert.deepEqual(compared(gzip, zstd), ['sameContent', true, 1, 0]);
  });
});
