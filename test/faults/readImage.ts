import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';
import { readAll } from './faultyProxy.ts';

export interface Origin {
  readonly origin: string;
  readonly authorization: string | undefined;
  /** The certificate of an https origin. */
  readonly certificate?: string | undefined;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

const accept = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Reads an image from a registry by plain requests and proves every byte: digests and sizes by the manifest, layers by
 * the config's diffIDs. Uses no code of the push. Undefined if there is no such tag.
 */
export async function readImage(
  registry: Origin,
  repository: string,
  tag: string,
): Promise<{ readonly layers: readonly Buffer[]; readonly config: Buffer } | undefined> {
  const found = await get(registry, `${repository}/manifests/${tag}`);
  if (found === undefined) return undefined;
  const manifest = JSON.parse(found.toString()) as { config: Descriptor; layers: Descriptor[] };
  const config = await readBlob(registry, repository, manifest.config);
  const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
  const layers: Buffer[] = [];
  for (const descriptor of manifest.layers) {
    const stored = await readBlob(registry, repository, descriptor);
    layers.push(descriptor.mediaType.endsWith('gzip') ? gunzipSync(stored) : stored);
  }
  assert.deepEqual(layers.map(sha256), rootfs.diff_ids, 'the layers are those of the config');
  return { layers, config };
}

async function readBlob(registry: Origin, repository: string, descriptor: Descriptor): Promise<Buffer> {
  const blob = await get(registry, `${repository}/blobs/${descriptor.digest}`);
  assert(blob !== undefined, `the registry does not have the blob ${descriptor.digest} of a manifest that it has`);
  assert.equal(sha256(blob), descriptor.digest);
  assert.equal(blob.byteLength, descriptor.size);
  return blob;
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function get({ origin, authorization, certificate }: Origin, path: string): Promise<Buffer | undefined> {
  const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const url = `${origin}/v2/${path}`;
    const request =
      certificate === undefined
        ? http.get(url, { headers }, resolve)
        : https.get(url, { headers, ca: certificate, agent: false }, resolve);
    request.once('error', reject);
  });
  const body = await readAll(response);
  if (response.statusCode === 404) return undefined;
  if (response.statusCode !== 200) assert.fail(`GET ${path}: ${response.statusCode ?? 0} ${body.toString()}`);
  return body;
}
