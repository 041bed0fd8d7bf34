import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Engine } from './engine.ts';

export const oci = 'application/vnd.oci.image';
/** The algorithms of the image-spec (descriptor.md §Registered algorithms). */
export type Algorithm = 'sha256' | 'sha512';

export const digestOf = (bytes: Uint8Array, algorithm: Algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;

export interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An OCI layout's blobs, by digest. */
export class Blobs {
  readonly all = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>();

  add(mediaType: string, content: Buffer | object, algorithm?: Algorithm): Described {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes, algorithm);
    this.all.set(digest, { bytes, mediaType });
    return { mediaType, digest, size: bytes.byteLength };
  }
}

export async function addPlatform(blobs: Blobs, architecture: string): Promise<Described> {
  const tar = pack();
  tar.entry({ name: `app/${architecture}`, mtime: new Date(0) }, randomBytes(40_000).toString('hex'));
  tar.finalize();
  const layer = await buffer(tar);
  const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } };
  return blobs.add(`${oci}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: blobs.add(`${oci}.config.v1+json`, config),
    layers: [blobs.add(`${oci}.layer.v1.tar+gzip`, gzipSync(layer))],
  });
}

/** As BuildKit writes it: a manifest for no platform, which says of what it speaks. */
export function addAttestation(blobs: Blobs, of: Described): Described {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'app', digest: { sha256: of.digest.replace('sha256:', '') } }],
    predicate: {},
  };
  const config = { architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [] } };
  const manifest = blobs.add(`${oci}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: blobs.add(`${oci}.config.v1+json`, config),
    layers: [blobs.add('application/vnd.in-toto+json', statement)],
  });
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': of.digest,
  };
  const platform = { os: 'unknown', architecture: 'unknown' };
  return Object.assign(manifest, { platform, annotations });
}

/** An index of these manifests and of what else it lists. */
export function addIndex(blobs: Blobs, listed: readonly object[]): Described {
  return blobs.add(`${oci}.index.v1+json`, { schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests: listed });
}

/** Writes an OCI layout that skopeo reads as `oci:<folder>:<tag>`. */
export async function writeLayout(folder: string, blobs: Blobs, top: Described, tag: string): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  for (const [digest, { bytes }] of blobs.all) await writeFile(join(folder, 'blobs', digest.replace(':', '/')), bytes);
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const index = { schemaVersion: 2, manifests: [{ ...top, annotations }] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(index));
}

/** Loads an OCI layout into an engine, under a full name. */
export async function loadLayout(engine: Engine, blobs: Blobs, top: Described, name: string): Promise<void> {
  const archive = pack();
  const loading = engine.docker(['load', '--quiet'], { input: archive });
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': '1' };
  archive.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  for (const [digest, { bytes }] of blobs.all) archive.entry({ name: `blobs/${digest.replace(':', '/')}` }, bytes);
  archive.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }));
  archive.finalize();
  await loading;
}
