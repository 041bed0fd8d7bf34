import { createHash, randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import type { Target } from './target.ts';

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const octetStream = { 'Content-Type': 'application/octet-stream' };

export interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
}

export function content(bytes: Buffer | string): Content {
  const buffer = Buffer.from(bytes);
  return { bytes: buffer, digest: `sha256:${createHash('sha256').update(buffer).digest('hex')}` };
}

/** Random bytes, which no registry has. */
export function freshContent(size: number): Content {
  return content(randomBytes(size));
}

export function descriptor(
  mediaType: string,
  { bytes, digest }: Content,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}

export function manifestOf(config: Content, layers: readonly Content[], more: Record<string, unknown> = {}): Content {
  const document = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    ...more,
  };
  return content(JSON.stringify(document));
}

/** Stores a blob with one POST. */
export async function putBlob(
  target: Target,
  image: string,
  { bytes, digest }: Content,
  owner = target.owner,
): Promise<void> {
  const path = `/v2/${owner}/${image}/blobs/uploads/?digest=${digest}`;
  const answer = await target.registry('POST', path, { headers: octetStream, body: bytes });
  assert.equal(answer.status, 201, answer.text);
}

export async function putManifest(
  target: Target,
  image: string,
  reference: string,
  manifest: Content,
  mediaType = ociManifest,
  owner = target.owner,
): ReturnType<Target['registry']> {
  const path = `/v2/${owner}/${image}/manifests/${reference}`;
  return target.registry('PUT', path, { headers: { 'Content-Type': mediaType }, body: manifest.bytes });
}

/** Pushes an image of one layer that differs from every other. */
export async function pushImage(
  target: Target,
  image: string,
  tag: string,
  owner = target.owner,
): Promise<{ config: Content; layer: Content; manifest: Content }> {
  const config = content(JSON.stringify({ architecture: 'amd64', os: 'linux', made: randomBytes(8).toString('hex') }));
  const layer = freshContent(1000);
  const manifest = manifestOf(config, [layer]);
  await putBlob(target, image, config, owner);
  await putBlob(target, image, layer, owner);
  const answer = await putManifest(target, image, tag, manifest, ociManifest, owner);
  assert.equal(answer.status, 201, answer.text);
  return { config, layer, manifest };
}

export function errorCode(text: string): string | undefined {
  return (JSON.parse(text) as { errors?: { code: string }[] }).errors?.[0]?.code;
}
