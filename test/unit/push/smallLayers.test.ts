import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskGroup } from '../../../src/core/base/taskGroup.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { ArchiveLayer } from '../../../src/core/ports/imageSource.ts';
import { isSmallLayer, SmallLayers } from '../../../src/core/push/export/smallLayers.ts';
import { someLayer } from './fakes.ts';

/** A layer whose pieces use the same memory, as those of an archive do. */
function layerOf(seed: number, size = 100_000): { readonly layer: ArchiveLayer; readonly bytes: Buffer } {
  const bytes = someLayer(seed, size);
  async function* body(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.alloc(30_000);
    for (let at = 0; at < bytes.byteLength; at += memory.byteLength) {
      const length = bytes.copy(memory, 0, at);
      yield memory.subarray(0, length);
      await Promise.resolve();
    }
    memory.fill(0);
  }
  return {
    bytes,
    layer: { kind: 'layer', path: `layer-${seed}`, size, expectedDiffId: digestOf(bytes), body: body() },
  };
}

async function read({ body }: ArchiveLayer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const { signal } = new AbortController();

describe('SmallLayers', () => {
  it('holds at most four layers, and each keeps its own bytes', async () => {
    const group = new TaskGroup(signal);
    const [waiting, sent] = [[] as (() => void)[], new Map<string, Buffer>()];
    const small = new SmallLayers(group, async (layer) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      sent.set(layer.path, await read(layer));
    });
    const all = Array.from({ length: 6 }, (_, seed) => layerOf(seed));
    await group.run(async () => {
      for (const { layer } of all.slice(0, 4)) await small.begin(layer);
      assert.equal(waiting.length, 4);
      const fifth = small.begin(all[4]?.layer ?? assert.fail());
      await new Promise(setImmediate);
      assert.equal(waiting.length, 4, 'the fifth waits');
      for (const go of waiting.splice(0)) go();
      await fifth;
      await small.begin(all[5]?.layer ?? assert.fail());
      for (const go of waiting.splice(0)) go();
    });
    for (const { layer, bytes } of all) assert.ok(sent.get(layer.path)?.equals(bytes), layer.path);
    assert.ok(small.has(digestOf(all[0]?.bytes ?? Buffer.alloc(0))));
    assert.ok(!small.has(digestOf(Buffer.of(9))));
  });

  it('ends the group with the error of a layer, and reads no further', async () => {
    const group = new TaskGroup(signal);
    const small = new SmallLayers(group, () => Promise.reject(new Error('the spool is full')));
    const reading = group.run(async () => {
      for (let seed = 0; ; seed++) {
        group.signal.throwIfAborted();
        await small.begin(layerOf(seed).layer);
      }
    });
    await assert.rejects(reading, /the spool is full/);
  });

  it('is for layers of a megabyte at most', () => {
    assert.ok(isSmallLayer(layerOf(1, 1024 * 1024).layer));
    assert.ok(!isSmallLayer(layerOf(1, 1024 * 1024 + 1).layer));
  });
});
