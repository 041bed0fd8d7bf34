import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import { needCommand } from './findCommand.ts';
import { loginArguments, type Credentials } from './pullBack.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** What must be found behind a reference. */
export interface Expected {
  /** Of the manifest or index that the tag is. */
  readonly digest: string;
  /** Of the image's layers, or of one platform's, base first. */
  readonly diffIds: readonly string[];
  readonly credentials?: Credentials | undefined;
}

/**
 * Copies what a push has published by skopeo, with every platform of an index, and hashes every file: each must have the
 * digest and the size by which it is named, and uncompressed the diffID that its config has in that place.
 */
export async function checkPublished(reference: string, { digest, diffIds, credentials }: Expected): Promise<void> {
  const skopeo = needCommand('skopeo', 'skopeo');
  const scratch = await makeScratch('published');
  try {
    const folder = join(scratch.path, 'image');
    const login = await loginArguments(scratch.path, reference, credentials);
    const copy = ['--insecure-policy', 'copy', '--all', '--preserve-digests', '--src-tls-verify=false', ...login];
    await run(skopeo, [...copy, `docker://${reference}`, `dir:${folder}`]);
    const file = join(folder, 'manifest.json');
    assert.equal(await sha256(file), digest, `${reference} is another manifest than the push said`);
    const top = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    const images = top.manifests === undefined ? [top] : await readChildren(folder, top.manifests);
    const found: string[] = [];
    for (const image of images) found.push(JSON.stringify(await checkImageFiles(folder, image)));
    assert.ok(found.includes(JSON.stringify(diffIds)), `${reference} holds the layers ${found.join(' and ')}`);
  } finally {
    await scratch.remove();
  }
}

async function readChildren(folder: string, children: readonly Descriptor[]): Promise<readonly Manifest[]> {
  return await Promise.all(
    children.map(async ({ digest, size }) => {
      const file = join(folder, `${hex(digest)}.manifest.json`);
      assert.deepEqual([await sha256(file), (await stat(file)).size], [digest, size]);
      return JSON.parse(await readFile(file, 'utf8')) as Manifest;
    }),
  );
}

/** Gives the diffIDs that the config names; none for an artifact, whose config is another thing. */
async function checkImageFiles(folder: string, { config, layers = [] }: Manifest): Promise<readonly string[]> {
  assert.ok(config !== undefined, 'a manifest without a config');
  for (const { digest, size } of [config, ...layers]) {
    const file = join(folder, hex(digest));
    assert.deepEqual([await sha256(file), (await stat(file)).size], [digest, size]);
  }
  if (!/image\.config|container\.image/.test(config.mediaType)) return [];
  const { rootfs } = JSON.parse(await readFile(join(folder, hex(config.digest)), 'utf8')) as {
    readonly rootfs: { readonly diff_ids?: readonly string[] };
  };
  const tars = layers.filter(({ mediaType }) => /tar(\+gzip|\+zstd|\.gzip)?$/.test(mediaType));
  // What is attested stands in the place of layers and is none.
  if (tars.length < layers.length) return [];
  const named = rootfs.diff_ids ?? [];
  const diffIds = await Promise.all(tars.map(({ digest, mediaType }) => sha256(join(folder, hex(digest)), mediaType)));
  assert.deepEqual(diffIds, named, 'the layers are not those that the config names');
  return named;
}

const hex = (digest: string): string => digest.replace(/^sha256:/, '');

/** With a media type: of what the file is uncompressed, which must be compressed as that says. */
async function sha256(file: string, mediaType = ''): Promise<string> {
  const hash = createHash('sha256');
  if (mediaType.endsWith('gzip')) await pipeline(createReadStream(file), createGunzip(), hash);
  else if (mediaType.endsWith('zstd')) await pipeline(createReadStream(file), createZstdDecompress(), hash);
  else await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
