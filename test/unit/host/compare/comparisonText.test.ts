import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compareImages } from '../../../../src/core/compare/compareImages.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { noSettings, type ImageDescription } from '../../../../src/core/oci/imageDescription.ts';
import type { ComparedPair } from '../../../../src/host/compare/comparedSide.ts';
import { comparisonText } from '../../../../src/host/compare/comparisonText.ts';

const id = digestOf(Buffer.from('image'));
const pair: ComparedPair = {
  left: { kind: 'registry', origin: 'https://gitea.test', repository: 'dev/app', digest: id, label: 'app' },
  right: { kind: 'engine', id, label: 'app' },
};

function imageOf(...layers: readonly string[]): ImageDescription {
  return {
    ...{ manifest: undefined, config: undefined, platform: 'linux/amd64', createdAt: undefined, settings: noSettings },
    layers: layers.map((name) => ({
      ...{ diffId: digestOf(Buffer.from(name)), size: 1, blob: undefined, madeBy: undefined },
    })),
  };
}

suite('the first lines of a comparison', () => {
  test('do not count layers from the base where the first one differs', () => {
    const images = { left: imageOf('base', 'app'), right: imageOf('newer base', 'app') };
    const lines = comparisonText('left', pair, images, compareImages(images.left, images.right)).split('\n');
    assert.deepEqual(lines.slice(0, 2), [
      'Some layers are shared, but not the first. The settings are the same.',
      'A push would send at most 1 layer with 1 B of files, compressed.',
    ]);
  });
});

suite('the layers of a comparison', () => {
  test('show the command that made one, without the values of its build arguments', () => {
    const image = imageOf('base');
    const layers = image.layers.map((layer) => ({
      ...layer,
      madeBy: 'RUN |1 TOKEN=hidden /bin/sh -c make # buildkit',
    }));
    const images = { left: { ...image, layers }, right: { ...image, layers } };
    const text = comparisonText('left', pair, images, compareImages(images.left, images.right));
    assert.match(text, /RUN make/);
    assert.doesNotMatch(text, /hidden/);
  });
});
