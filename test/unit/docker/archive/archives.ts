import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { readArchive } from '../../../../src/core/docker/archive/readArchive.ts';
import type { ArchiveSubject } from '../../../../src/core/docker/types.ts';
import type { ArchiveImage } from '../../../../src/core/ports/imageSource.ts';
import { digestOf, type Digest } from '../../../../src/core/oci/digest.ts';

export interface Member {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'file' | 'symlink' | 'link' | 'directory';
  readonly linkname?: string;
}

/** A tar archive in memory, with its end mark. */
export async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, content, type = 'file', linkname } of members) {
    archive.entry({ name, type, ...(linkname !== undefined && { linkname }) }, Buffer.from(content ?? ''));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

export function hexOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function configFor(diffIds: readonly Digest[], extra: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', ...extra, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
}

export function subjectFor(config: Uint8Array, diffIds: readonly Digest[]): ArchiveSubject {
  return { id: digestOf(config), diffIds, platform: { os: 'linux', architecture: 'amd64' } };
}

/** An archive as an OCI layout with manifest.json, its blobs sorted by digest, and what it is an archive of. */
export function layoutOf(layers: readonly Uint8Array[]): { members: Member[]; image: ArchiveSubject; config: Buffer } {
  const diffIds = layers.map(digestOf);
  const config = configFor(diffIds);
  const blobs = new Map([...layers, config].map((bytes) => [`blobs/sha256/${hexOf(bytes)}`, bytes]));
  const manifest = [
    { Config: `blobs/sha256/${hexOf(config)}`, Layers: layers.map((layer) => `blobs/sha256/${hexOf(layer)}`) },
  ];
  const members = [
    { name: 'blobs/', type: 'directory' as const },
    { name: 'blobs/sha256/', type: 'directory' as const },
    ...[...blobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, content]) => ({ name, content })),
    { name: 'manifest.json', content: JSON.stringify(manifest) },
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
  ];
  return { members, image: subjectFor(config, diffIds), config };
}

/** An export of a real engine; test/fixtures/archives/README.md says how they were made. */
export async function realArchive(name: string): Promise<{ bytes: Buffer; image: ArchiveSubject }> {
  const file = new URL(`../../../fixtures/archives/${name}`, import.meta.url);
  const bytes = gunzipSync(await readFile(`${file.pathname}.tar.gz`));
  return { bytes, image: JSON.parse(await readFile(`${file.pathname}.json`, 'utf8')) as ArchiveSubject };
}

/** Cuts bytes into chunks, as a socket would. */
export async function* inChunks(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

export interface ReadLayer {
  readonly path: string;
  readonly size: number;
  readonly expectedDiffId: Digest | undefined;
  readonly bytes: Buffer;
}

/** Reads an archive to its end. */
export async function readAll(
  source: AsyncIterable<Uint8Array>,
  image: ArchiveSubject,
): Promise<{ layers: ReadLayer[]; image: ArchiveImage }> {
  const layers: ReadLayer[] = [];
  let described: ArchiveImage | undefined;
  for await (const item of readArchive(source, [image])) {
    if (described !== undefined) throw new Error('something came after the image');
    if (item.kind === 'image') {
      described = item;
      continue;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of item.body) chunks.push(chunk);
    const { path, size, expectedDiffId } = item;
    layers.push({ path, size, expectedDiffId, bytes: Buffer.concat(chunks) });
  }
  if (described === undefined) throw new Error('no image came');
  return { layers, image: described };
}
