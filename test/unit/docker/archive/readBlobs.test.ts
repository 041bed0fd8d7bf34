import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { readBlobs } from '../../../../src/core/docker/archive/readBlobs.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';

const archives = join(import.meta.dirname, '../../../fixtures/archives');

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Map<Digest, Buffer>> {
  const found = new Map<Digest, Buffer>();
  for await (const { digest, size, body } of readBlobs(bytes)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece));
    const blob = Buffer.concat(pieces);
    assert.equal(blob.byteLength, size);
    found.set(digest, blob);
  }
  return found;
}

for (const name of ['docker-28-containerd', 'docker-28-containerd-loaded']) {
  test(`gives every blob of an archive of docker as it is stored: ${name}`, async () => {
    const archive = createReadStream(join(archives, `${name}.tar.gz`)).pipe(createGunzip());
    const blobs = await readAll(archive as AsyncIterable<Uint8Array>);
    for (const [digest, bytes] of blobs) assert.equal(digestOf(bytes), digest);
    const { id } = JSON.parse(await readFile(join(archives, `${name}.json`), 'utf8')) as { id: Digest };
    const manifest = JSON.parse(String(blobs.get(id))) as { config: { digest: Digest }; layers: { digest: Digest }[] };
    const named = [id, manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
    assert.deepEqual(new Set(blobs.keys()), new Set(named));
  });
}

test('an image with digests that are not sha256 is refused, and it is said why', async () => {
  const archive = pack();
  archive.entry({ name: `blobs/sha512/${'a'.repeat(128)}` }, 'x');
  archive.finalize();
  await assert.rejects(readAll(archive as AsyncIterable<Uint8Array>), {
    code: 'imageUnsupported',
    stage: 'export',
    message: /^The image has a blob with the digest sha512:a+\. Only images whose digests are all sha256 can be pushed/,
  });
});

test('an archive that breaks off is not taken for a whole one', async () => {
  const archive = pack();
  archive.entry({ name: `blobs/sha256/${'a'.repeat(64)}` }, 'x');
  archive.finalize();
  const whole: Uint8Array[] = [];
  for await (const piece of archive as AsyncIterable<Uint8Array>) whole.push(piece);
  const bytes = Buffer.concat(whole);
  for (const end of [512, 600, bytes.byteLength - 1024]) {
    await assert.rejects(readAll(chunks(bytes.subarray(0, end))), { code: 'archiveTruncated' });
  }
});

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 100) yield bytes.subarray(at, at + 100);
}
