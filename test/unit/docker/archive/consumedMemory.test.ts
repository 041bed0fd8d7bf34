import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { pack } from 'tar-stream';
import { readArchive } from '../../../../src/core/docker/archive/readArchive.ts';
import { tarEntries } from '../../../../src/core/docker/archive/tarEntries.ts';
import { ReceiveBuffers, pieceSize } from '../../../../src/core/docker/client/receiveBuffers.ts';
import type { ArchiveSubject } from '../../../../src/core/docker/types.ts';
import { detectLayerCompression, decompressBeside } from '../../../../src/core/compress/decompressLayer.ts';
import { digestOf, DigestCounter } from '../../../../src/core/oci/digest.ts';
import { inChunks, readAll, realArchive } from './archives.ts';

/** A source that spoils what its reader said it had consumed, as memory that is used again is. */
function spoiling(
  bytes: Uint8Array,
  size: number,
): { source: AsyncIterable<Uint8Array>; readonly consumed: (at: number) => void } {
  const own = Buffer.from(bytes);
  return {
    source: inChunks(own, size),
    consumed: (at) => void own.fill(0xff, 0, at),
  };
}

/** Reads each layer as a push does: looks at its form, unpacks where it is compressed, hashes piece by piece. */
async function digests(bytes: Uint8Array, image: ArchiveSubject, size: number): Promise<string[]> {
  const { source, consumed } = spoiling(bytes, size);
  const found: string[] = [];
  for await (const item of readArchive(source, [image], consumed)) {
    if (item.kind === 'image') {
      found.push(`config ${digestOf(item.config)}`, ...item.layers);
      continue;
    }
    const tar = new DigestCounter();
    const stored = new DigestCounter();
    const { form, body } = await detectLayerCompression(item.body);
    const pieces =
      form === undefined
        ? body
        : decompressBeside(body, form, item.path, (chunk) => {
            tar.update(chunk);
          });
    for await (const piece of pieces) {
      // A slow disk: whatever else happens meanwhile, the piece is still good.
      await new Promise(setImmediate);
      stored.update(piece);
    }
    found.push(`${item.path} ${form === undefined ? '' : tar.digest()} ${stored.digest()}`);
  }
  return found;
}

for (const kind of ['docker-20.10', 'docker-28', 'docker-28-containerd', 'podman-5']) {
  test(`no byte of an archive is used after it was consumed: ${kind}`, async () => {
    const { bytes, image } = await realArchive(kind);
    const { layers } = await readAll(inChunks(bytes, 1000), image);
    const first = await digests(bytes, image, bytes.byteLength);
    for (const layer of layers) {
      const line = first.find((text) => text.startsWith(layer.path));
      assert.ok(line?.endsWith(digestOf(layer.bytes)), `${layer.path} came out changed`);
    }
    for (const size of [1, 511, 512, 513, 1000, 4096, 65_536]) {
      assert.deepEqual(await digests(bytes, image, size), first, `pieces of ${size} bytes`);
    }
  });
}

test('skipped layers are consumed as well, and so is the rest of a layer whose reader leaves', async () => {
  const archive = pack();
  const sizes = [300_000, 200_000, 100];
  sizes.forEach((size, at) => archive.entry({ name: `${at}/layer.tar` }, randomBytes(size)));
  archive.finalize();
  const bytes = await buffer(archive);
  let [sent, consumed, most] = [0, 0, 0];
  const source = (async function* () {
    for (let at = 0; at < bytes.byteLength; at += 4096) {
      most = Math.max(most, sent - consumed);
      sent = Math.min(at + 4096, bytes.byteLength);
      yield bytes.subarray(at, sent);
      await new Promise(setImmediate);
    }
  })();
  let read = 0;
  for await (const entry of tarEntries(source, (at) => (consumed = at))) {
    if (entry.path !== '1/layer.tar') continue;
    for await (const chunk of entry.body) {
      read += chunk.byteLength;
      if (read > 50_000) break;
    }
  }
  assert.ok(most < 70_000, `${most} bytes waited to be consumed`);
});

test('a buffer is used again only when all of it was consumed, oldest first', () => {
  const memory = new ReceiveBuffers();
  const [first, second] = [memory.take(), memory.take()];
  memory.filled(first, pieceSize);
  memory.filled(second, 2 * pieceSize);
  memory.consumed(pieceSize - 1);
  assert.notEqual(memory.take(), first);
  memory.consumed(pieceSize);
  assert.equal(memory.take(), first);
  assert.notEqual(memory.take(), second);
});
