import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { BlobOrigin } from '../../../src/core/push/repositoryBlobs.ts';
import { uncompressedNotice } from '../../../src/core/push/uncompressedNotice.ts';

const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('config')), size: 6 };

function push(layers: readonly [mediaType: string, megabytes: number, origin: BlobOrigin][]) {
  const described = layers.map(([mediaType, megabytes], at) => ({
    ...{ mediaType, size: megabytes * 1e6, digest: digestOf(Buffer.from(`${at}`)) },
  }));
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: described };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const blobs = new Map(
    described.map(({ digest, size }, at) => [digest, { size, origin: layers[at]?.[2] ?? 'exists' }]),
  );
  return [bytes, blobs] as const;
}

describe('the notice about layers that were sent uncompressed', () => {
  it('names them, their bytes and the setting', () => {
    const notice = uncompressedNotice(
      ...push([
        [mediaTypes.ociLayer, 120, 'uploaded'],
        [mediaTypes.dockerLayer, 3, 'uploaded'],
        [mediaTypes.ociLayerGzip, 40, 'uploaded'],
      ]),
    );
    assert.match(notice ?? '', /^2 layers \(123 MB\) went out uncompressed.*“teaChest\.push\.compression” at “gzip”/);
  });

  it('is not there for layers that were in the registry before, or are small', () => {
    assert.equal(uncompressedNotice(...push([[mediaTypes.ociLayer, 120, 'exists']])), undefined);
    assert.equal(uncompressedNotice(...push([[mediaTypes.ociLayer, 120, 'mounted']])), undefined);
    assert.equal(uncompressedNotice(...push([[mediaTypes.ociLayer, 2, 'uploaded']])), undefined);
    assert.equal(uncompressedNotice(...push([[mediaTypes.ociLayerGzip, 120, 'uploaded']])), undefined);
  });

  it('is not there for an index, which is always published as it is stored', () => {
    const [bytes, blobs] = push([[mediaTypes.ociLayer, 120, 'uploaded']]);
    const child = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
    assert.equal(uncompressedNotice(Buffer.from(JSON.stringify(index)), blobs), undefined);
  });
});
