import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../tools/unicodeString.ts';
import { readArchive } from '../../src/core/docker/archive/readArchive.ts';
import type { ArchiveSubject } from '../../src/core/docker/types.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { configFor, hexOf, layoutOf, subjectFor, tarOf, type Member } from '../unit/docker/archive/archives.ts';
import { cut, holds, cutPositions, resultOrError } from './support.ts';

const layerBytes = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
const layerList = fc.array(layerBytes, { maxLength: 4 });

/** An archive as engines since 25 write it. */
const layout = layerList.map((layers) => ({ layers, ...layoutOf(layers) }));

/** An archive as older engines and podman write it: a file a layer, the same one possibly by a link. */
const legacy = fc.tuple(layerList, fc.boolean()).map(([layers, isLinked]) => {
  const diffIds = layers.map(digestOf);
  const config = configFor(diffIds);
  const first = new Map<string, string>();
  const files = layers.map((content, at): Member => {
    const name = `${hexOf(`${at}`)}/layer.tar`;
    const same = first.get(hexOf(content));
    first.set(hexOf(content), same ?? name);
    return isLinked && same !== undefined ? { name, type: 'symlink', linkname: `../${same}` } : { name, content };
  });
  const list = [{ Config: `${hexOf(config)}.json`, Layers: files.map(({ name }) => name) }];
  const members: Member[] = [
    ...files,
    { name: `${hexOf(config)}.json`, content: config },
    { name: 'manifest.json', content: JSON.stringify(list) },
  ];
  return { layers, members, config, image: subjectFor(config, diffIds) };
});

const archive = fc.oneof(layout, legacy);

interface Read {
  readonly config: Buffer;
  readonly layers: readonly string[];
  readonly bodies: ReadonlyMap<string, Buffer>;
}

async function read(source: AsyncIterable<Uint8Array>, image: ArchiveSubject): Promise<Read> {
  const bodies = new Map<string, Buffer>();
  for await (const item of readArchive(source, [image])) {
    if (item.kind === 'image') return { config: Buffer.from(item.config), layers: item.layers, bodies };
    const parts: Buffer[] = [];
    for await (const part of item.body) parts.push(Buffer.from(part));
    bodies.set(item.path, Buffer.concat(parts));
  }
  return assert.fail('an archive ended without an image and without an error');
}

describe('an image’s archive', () => {
  it('gives its config and its layers, whatever its kind and however it is cut into pieces', async () => {
    await holds(fc.tuple(archive, cutPositions), async ([{ layers, members, config, image }, at]) => {
      const found = await read(cut(await tarOf(members), at), image);
      assert.deepEqual(found.config, config);
      assert.equal(found.layers.length, layers.length);
      found.layers.forEach((path, index) => {
        assert.deepEqual(found.bodies.get(path), layers[index]);
      });
    });
  });

  it('that was cut off is never accepted as a whole one', async () => {
    await holds(fc.tuple(archive, fc.double({ min: 0, max: 1, noNaN: true })), async ([{ members, image }, share]) => {
      const bytes = await tarOf(members);
      const length = Math.floor(share * (bytes.byteLength - 1024));
      const found = await resultOrError(() => read(cut(bytes.subarray(0, length), [1000, 2000]), image));
      assert(found instanceof Error, `${length} of ${bytes.byteLength} bytes were taken for the archive`);
    });
  });

  it('with bytes changed, taken out or put in gives the image’s own config or a clear error', async () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(2000)),
      insert: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 1200 })),
    });
    const changes = fc.array(change, { minLength: 1, maxLength: 6 });
    await holds(fc.tuple(archive, changes, cutPositions), async ([{ members, image }, list, at]) => {
      let bytes = await tarOf(members);
      for (const { at: share, remove, insert } of list) {
        const position = Math.floor(share * bytes.byteLength);
        bytes = Buffer.concat([bytes.subarray(0, position), insert, bytes.subarray(position + remove)]);
      }
      const found = await resultOrError(() => read(cut(bytes, at), image));
      if (!(found instanceof Error)) assert.equal(digestOf(found.config), image.id);
    });
  });

  it('with odd members beside its own gives the image’s own config or a clear error', async () => {
    await holds(fc.tuple(archive, fc.array(oddMember, { maxLength: 5 }), fc.nat()), async ([base, odd, order]) => {
      const all = [...base.members];
      odd.forEach((member, at) => all.splice((order + at * 7) % (all.length + 1), 0, member));
      const found = await resultOrError(async () => read(cut(await tarOf(all), [700]), base.image));
      if (!(found instanceof Error)) assert.equal(digestOf(found.config), base.image.id);
    });
  });

  it('whose headers lie about a member’s size ends in a result or a clear error', async () => {
    const size = fc.oneof(fc.bigInt(0n, 8n ** 11n - 1n), fc.constantFrom(0n, 1n, 511n, 512n, 8n ** 11n - 1n));
    const isBase256 = fc.boolean();
    await holds(fc.tuple(archive, fc.nat(), size, isBase256), async ([{ members, image }, which, lie, base256]) => {
      const bytes = await tarOf(members);
      const headers = headerPlaces(bytes);
      const position = headers[which % headers.length] ?? 0;
      writeSize(bytes, position, lie, base256);
      const found = await resultOrError(() => read(cut(bytes, [3000]), image));
      if (!(found instanceof Error)) assert.equal(digestOf(found.config), image.id);
    });
  });
});

const oddName = fc.oneof(
  unicodeString(300),
  fc.constantFrom(
    '../x',
    '/x',
    'manifest.json',
    'index.json',
    'blobs/sha256/x',
    'a/layer.tar',
    'x.json',
    'a/json',
    '.',
    '..',
  ),
  fc.nat(20_000).map((length) => `${'n'.repeat(length)}.tar`),
  fc.nat(2000).map((depth) => 'd/'.repeat(depth) + 'f'),
);

const oddMember: fc.Arbitrary<Member> = fc.oneof(
  fc.record({
    name: oddName,
    content: fc.oneof(
      fc.json(),
      fc.string(),
      fc.nat(3000).map((depth) => '[{"a":'.repeat(depth)),
    ),
  }),
  fc.record({
    name: oddName,
    linkname: oddName,
    type: fc.constantFrom('symlink' as const, 'link' as const, 'directory' as const),
  }),
);

/** Where the headers of an archive begin. */
function headerPlaces(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 512 <= bytes.byteLength && bytes.readUInt8(at) !== 0;) {
    found.push(at);
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

/** As octal digits, or as the binary form for large files; the header's sum is made right again. */
function writeSize(bytes: Buffer, position: number, size: bigint, isBase256: boolean): void {
  if (isBase256) {
    bytes.fill(0, position + 124, position + 136);
    bytes.writeUInt8(0x80, position + 124);
    bytes.writeBigUInt64BE(size << 8n, position + 128);
  } else bytes.write(`${size.toString(8).padStart(11, '0')}\0`, position + 124, 'latin1');
  bytes.write('        ', position + 148, 'latin1');
  const sum = bytes.subarray(position, position + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, position + 148, 'latin1');
}
