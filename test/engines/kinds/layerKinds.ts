import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';

import { makeImage, makeLayer, type Source, type SourceLayer } from '../sourceImage.ts';
import { layerTar, noise } from './files.ts';
import type { ImageKind } from './imageKind.ts';

const everySlowEngine = ['docker20', 'podman4', 'podman5', 'rootlessPodman', 'rootlessDocker'] as const;
const tooDeep = 'the classic store takes at most 125 layers';

/** Kinds by number and content of their layers. */
export function layerKinds({ zeros }: { readonly zeros: number }): readonly ImageKind[] {
  return [
    ...[0, 1, 3, 127, 300].map((count) => ({
      name: count === 1 ? '1 layer' : `${count} layers`,
      about: 'OCI media types, gzip.',
      make: () => manyLayers(count),
      ...(count === 127 && { slowOn: ['podman4', 'rootlessPodman', 'rootlessDocker'] as const, unpullable: tooDeep }),
      ...(count === 300 && { slowOn: everySlowEngine, unpullable: tooDeep }),
    })),
    { name: 'a layer twice', about: 'The first layer is the third one as well.', make: layerTwice },
    { name: 'empty layers', about: 'Tar archives without an entry, twice, between two others.', make: emptyLayers },
    {
      name: 'a large file of zeros',
      about: 'A file of zeros, as `lastlog` is where a user has a high ID.',
      make: () => fileOfZeros(zeros),
    },
    {
      name: 'odd files',
      about: 'Names with line feeds, quotes and umlauts, long paths, links, extended attributes, whiteouts.',
      make: oddFiles,
    },
  ];
}

async function manyLayers(count: number): Promise<Source> {
  const bytes = count > 10 ? 200 : 100_000;
  const layers: SourceLayer[] = [];
  for (let at = 0; at < count; at++) {
    const name = `${count}-${at}`;
    layers.push(makeLayer(await layerTar({ [`app/${name}`]: noise(name, bytes) })));
  }
  return makeImage({ layers });
}

async function layerTwice(): Promise<Source> {
  const [twice, other] = [await layerTar({ 'app/twice': 'again' }), await layerTar({ 'app/other': 'once' })];
  return makeImage({ layers: [makeLayer(twice), makeLayer(other), makeLayer(twice)] });
}

async function emptyLayers(): Promise<Source> {
  const empty = makeLayer(await layerTar({}));
  const [first, last] = [await layerTar({ 'app/first': '1' }), await layerTar({ 'app/last': '4' })];
  return makeImage({ layers: [makeLayer(first), empty, empty, makeLayer(last)] });
}

/** The gzip stream is many times the same member (RFC 1952 §2.2), so that it is made at once. */
async function fileOfZeros(size: number): Promise<Source> {
  const piece = Buffer.alloc(2 ** 20);
  const compressed = gzipSync(piece);
  const header = await headerOf({ name: 'var/log/lastlog', size, mode: 0o644, mtime: new Date(0) });
  const end = Buffer.alloc(1024);
  const hash = createHash('sha256').update(header);
  const members = [gzipSync(header)];
  for (let left = size; left > 0; left -= piece.byteLength) {
    hash.update(piece);
    members.push(compressed);
  }
  const diffId = `sha256:${hash.update(end).digest('hex')}`;
  const layer: SourceLayer = { diffId, compression: 'gzip', blob: Buffer.concat([...members, gzipSync(end)]) };
  const small = makeLayer(await layerTar({ 'app/after': 'the zeros' }));
  return makeImage({ layers: [layer, small] });
}

/** The header alone. Above 8 GiB its size field is binary, as octal digits cannot give the size. */
async function headerOf(header: Pick<Header, 'name' | 'size' | 'mode' | 'mtime'>): Promise<Buffer> {
  const archive = pack();
  archive.entry(header);
  await once(archive, 'readable');
  const bytes = archive.read() as Buffer;
  archive.destroy();
  return bytes;
}

async function oddFiles(): Promise<Source> {
  const long = `app/${'long/'.repeat(60)}name`;
  const below = await layerTar({
    'app/': { type: 'directory', mode: 0o1777 },
    'app/replaced': 'below',
    'app/removed': 'below',
    'app/emptied/file': 'below',
  });
  const odd = await layerTar({
    'app/line\nfeed': 'a',
    'app/"quotes\' and \\ backslash': 'b',
    'app/ü–日本語–🚢': 'c',
    'app/ leading and trailing ': 'd',
    [long]: 'e',
    'app/link': { type: 'symlink', linkname: '../../outside' },
    'app/hard': { type: 'link', linkname: long },
    'app/attributes': { size: 1, pax: { 'SCHILY.xattr.user.tea-chest': 'a value = with signs' } },
    'app/setuid': { size: 1, mode: 0o4755, uid: 1000, gid: 1000 },
  });
  const whiteouts = await layerTar({
    'app/.wh.removed': '',
    'app/emptied/.wh..wh..opq': '',
    'app/replaced': { type: 'directory', mode: 0o755 },
  });
  return makeImage({ layers: [makeLayer(below), makeLayer(odd), makeLayer(whiteouts)] });
}
