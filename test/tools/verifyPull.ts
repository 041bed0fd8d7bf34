import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { inspectImage } from './images.ts';
import type { BuiltImage } from './images.ts';
import { onThisMachine, type Within } from './netns.ts';
import { run } from './run.ts';
import { makeScratch } from './scratch.ts';

export interface Credentials {
  readonly username: string;
  readonly secret: string;
}

export interface CopiedBlob {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

/** An image that skopeo copied from a registry, with digests of its files. */
export interface CopiedImage {
  readonly manifestDigest: string;
  readonly mediaType: string;
  readonly config: CopiedBlob;
  readonly layers: readonly CopiedBlob[];
  /** SHA-256 of each layer's uncompressed bytes; `undefined` for what is no layer of files, such as an attestation. */
  readonly diffIds: readonly (string | undefined)[];
  /** The diffIDs that the config names; none where it is an artifact's and not an image's. */
  readonly configDiffIds: readonly string[];
}

/** What a reference names: one image, or an index with all that it names. */
export interface CopiedReference {
  readonly digest: string;
  readonly mediaType: string;
  readonly images: readonly CopiedImage[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Copies an image from a registry to files by skopeo and hashes every file. Rejects when a file's digest or size is not
 * what the manifest says.
 */
export function copyBySkopeo(
  reference: string,
  credentials?: Credentials,
  within: Within = onThisMachine,
): Promise<CopiedImage> {
  return withCopy({ reference, credentials, within, options: [] }, (folder) => readImage(folder, 'manifest.json'));
}

/** As `copyBySkopeo`, with all that an index names: every platform, attestations as well. */
export function copyAllBySkopeo(reference: string, credentials?: Credentials): Promise<CopiedReference> {
  return withCopy({ reference, credentials, within: onThisMachine, options: ['--all'] }, async (folder) => {
    const bytes = await readFile(join(folder, 'manifest.json'));
    const top = JSON.parse(bytes.toString('utf8')) as { mediaType?: string; manifests?: Descriptor[] };
    const named = { digest: digestOf(bytes), mediaType: top.mediaType ?? '' };
    if (top.manifests === undefined) return { ...named, images: [await readImage(folder, 'manifest.json')] };
    const images = [];
    for (const child of top.manifests) {
      const image = await readImage(folder, `${hexOf(child)}.manifest.json`);
      if (image.manifestDigest !== child.digest) {
        throw new Error(`The index names ${child.digest}, the registry gave ${image.manifestDigest}.`);
      }
      images.push(image);
    }
    return { ...named, images };
  });
}

interface Copy {
  readonly reference: string;
  readonly credentials: Credentials | undefined;
  /** The host that skopeo runs on. */
  readonly within: Within;
  readonly options: readonly string[];
}

async function withCopy<T>(
  { reference, credentials, within, options }: Copy,
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const skopeo = needCommand('skopeo', 'skopeo');
  const scratch = await makeScratch('pull-back');
  try {
    const folder = join(scratch.path, 'image');
    const login = await loginArguments(scratch.path, reference, credentials);
    // The certificate is self-signed. This test is about the content.
    const tls = ['--src-tls-verify=false', ...login];
    const copy = ['--insecure-policy', 'copy', '--preserve-digests', ...options, ...tls];
    const [command, ...args] = within([skopeo, ...copy, `docker://${reference}`, `dir:${folder}`]);
    await run(command, args);
    return await read(folder);
  } finally {
    await scratch.remove();
  }
}

export async function loginArguments(
  folder: string,
  reference: string,
  credentials: Credentials | undefined,
): Promise<string[]> {
  if (credentials === undefined) return ['--src-no-creds'];
  // In a file: process arguments are visible to others.
  const file = join(folder, 'auth.json');
  await writeFile(file, authFile(reference, credentials), { mode: 0o600 });
  return ['--authfile', file];
}

function authFile(reference: string, { username, secret }: Credentials): string {
  const auth = Buffer.from(`${username}:${secret}`).toString('base64');
  return JSON.stringify({ auths: { [registryOf(reference)]: { auth } } });
}

function registryOf(reference: string): string {
  return reference.slice(0, reference.indexOf('/'));
}

async function readImage(folder: string, manifestFile: string): Promise<CopiedImage> {
  const bytes = await readFile(join(folder, manifestFile));
  const manifest = JSON.parse(bytes.toString('utf8')) as {
    mediaType?: string;
    config: Descriptor;
    layers: Descriptor[];
  };
  const config = await checkBlob(folder, manifest.config);
  const layers = [];
  const diffIds = [];
  for (const layer of manifest.layers) {
    layers.push(await checkBlob(folder, layer));
    diffIds.push(await diffIdOf(fileOf(folder, layer), layer.mediaType));
  }
  return {
    manifestDigest: digestOf(bytes),
    mediaType: manifest.mediaType ?? '',
    config,
    layers,
    diffIds,
    configDiffIds: isImageConfig(config) ? await configDiffIds(fileOf(folder, config)) : [],
  };
}

const isImageConfig = ({ mediaType }: CopiedBlob): boolean =>
  /^application\/vnd\.(docker\.container\.image\.v1|oci\.image\.config\.v1)\+json$/.test(mediaType);

async function configDiffIds(file: string): Promise<string[]> {
  const config = JSON.parse(await readFile(file, 'utf8')) as { rootfs?: { diff_ids?: string[] } };
  if (config.rootfs === undefined) throw new Error('What the manifest names as the image’s config is none.');
  return config.rootfs.diff_ids ?? [];
}

const hexOf = ({ digest }: Pick<CopiedBlob, 'digest'>): string => digest.replace(/^sha256:/, '');

const fileOf = (folder: string, blob: CopiedBlob): string => join(folder, hexOf(blob));

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function checkBlob(folder: string, { digest, size, mediaType }: Descriptor): Promise<CopiedBlob> {
  const file = fileOf(folder, { digest, size, mediaType });
  const found = { digest: await sha256(createReadStream(file)), size: (await stat(file)).size };
  if (found.digest !== digest || found.size !== size) {
    throw new Error(`The manifest says ${digest} (${size} bytes), the registry gave ${found.digest} (${found.size}).`);
  }
  return { digest, size, mediaType };
}

async function diffIdOf(file: string, mediaType: string): Promise<string | undefined> {
  if (mediaType.endsWith('zstd')) return sha256(createReadStream(file).pipe(createZstdDecompress()));
  if (mediaType.endsWith('gzip')) return sha256(createReadStream(file).pipe(createGunzip()));
  return mediaType.endsWith('tar') ? sha256(createReadStream(file)) : undefined;
}

async function sha256(source: NodeJS.ReadableStream): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(source, hash);
  return `sha256:${hash.digest('hex')}`;
}

/** What differs between an image in an engine and its copy from a registry; empty when they are the same, bit for bit. */
export function differences(local: BuiltImage, copy: CopiedImage): string[] {
  const found: string[] = [];
  const compare = (what: string, wanted: string, got: string | undefined): void => {
    if (wanted !== got) found.push(`${what}: ${wanted} here, ${got ?? 'nothing'} in the registry`);
  };
  compare('number of layers', String(local.diffIds.length), String(copy.layers.length));
  for (const [index, diffId] of local.diffIds.entries()) {
    compare(`diffID ${index} in the config`, diffId, copy.configDiffIds[index]);
    compare(`content of layer ${index}`, diffId, copy.diffIds[index]);
  }
  return found;
}

/** Pulls by an engine that does not have the image, and returns its details. */
export function pullByEngine(engine: Engine, reference: string, credentials?: Credentials): Promise<BuiltImage> {
  return withLogin(reference, credentials, async (client) => {
    await engine.docker([...client, 'pull', '--quiet', reference]);
    return inspectImage(engine, reference);
  });
}

/** Pushes as `docker push` does, without us. */
export function pushByEngine(engine: Engine, reference: string, credentials?: Credentials): Promise<void> {
  return withLogin(reference, credentials, async (client) => {
    await engine.docker([...client, 'push', '--quiet', reference]);
  });
}

/** Logs in with a client folder of its own, removed afterwards, so that no login of a person's is read or written. */
async function withLogin<T>(
  reference: string,
  credentials: Credentials | undefined,
  work: (client: readonly string[]) => Promise<T>,
): Promise<T> {
  const scratch = await makeScratch('client');
  try {
    const client = join(scratch.path, 'client');
    await mkdir(client);
    await chmod(client, 0o700);
    const config = credentials === undefined ? '{}' : authFile(reference, credentials);
    await writeFile(join(client, 'config.json'), config, { mode: 0o600 });
    return await work(['--config', client]);
  } finally {
    await scratch.remove();
  }
}
