import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import type { Engine } from './engine.ts';
import { needCommand } from './findCommand.ts';
import { inspectImage } from './images.ts';
import type { BuiltImage } from './images.ts';
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

/** What skopeo brought from a registry, hashed by us from its files. */
export interface CopiedImage {
  readonly manifestDigest: string;
  readonly mediaType: string;
  readonly config: CopiedBlob;
  readonly layers: readonly CopiedBlob[];
  /** SHA-256 of each layer's uncompressed bytes; `undefined` where the codec is not gzip or none. */
  readonly diffIds: readonly (string | undefined)[];
  /** The diffIDs that the config names. */
  readonly configDiffIds: readonly string[];
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
export async function copyBySkopeo(reference: string, credentials?: Credentials): Promise<CopiedImage> {
  const skopeo = needCommand('skopeo', 'skopeo');
  const scratch = await makeScratch('pull-back');
  try {
    const folder = join(scratch.path, 'image');
    const login = await loginArguments(scratch.path, reference, credentials);
    // A private self-signed certificate is the case on purpose: what is compared is the content.
    const tls = ['--src-tls-verify=false', ...login];
    await run(skopeo, [
      '--insecure-policy',
      'copy',
      '--preserve-digests',
      ...tls,
      `docker://${reference}`,
      `dir:${folder}`,
    ]);
    return await readCopy(folder);
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
  // By file: a secret never stands among a process's arguments.
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

async function readCopy(folder: string): Promise<CopiedImage> {
  const bytes = await readFile(join(folder, 'manifest.json'));
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
  const parsed = JSON.parse(await readFile(fileOf(folder, config), 'utf8')) as { rootfs: { diff_ids?: string[] } };
  return {
    manifestDigest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    mediaType: manifest.mediaType ?? '',
    config,
    layers,
    diffIds,
    configDiffIds: parsed.rootfs.diff_ids ?? [],
  };
}

const fileOf = (folder: string, blob: CopiedBlob): string => join(folder, blob.digest.replace(/^sha256:/, ''));

async function checkBlob(folder: string, { digest, size, mediaType }: Descriptor): Promise<CopiedBlob> {
  const file = fileOf(folder, { digest, size, mediaType });
  const found = { digest: await sha256(createReadStream(file)), size: (await stat(file)).size };
  if (found.digest !== digest || found.size !== size) {
    throw new Error(`The manifest says ${digest} (${size} bytes), the registry gave ${found.digest} (${found.size}).`);
  }
  return { digest, size, mediaType };
}

async function diffIdOf(file: string, mediaType: string): Promise<string | undefined> {
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

/**
 * Pulls by an engine that does not have the image, and returns what it then says of it. Logs in with a client folder of
 * its own, removed afterwards, so that no login of a person's is read or written.
 */
export async function pullByEngine(engine: Engine, reference: string, credentials?: Credentials): Promise<BuiltImage> {
  const scratch = await makeScratch('pull');
  try {
    const client = join(scratch.path, 'client');
    await mkdir(client);
    await chmod(client, 0o700);
    const config = credentials === undefined ? '{}' : authFile(reference, credentials);
    await writeFile(join(client, 'config.json'), config, { mode: 0o600 });
    await engine.docker(['--config', client, 'pull', '--quiet', reference]);
    return await inspectImage(engine, reference);
  } finally {
    await scratch.remove();
  }
}
