import { open } from 'node:fs/promises';
import { header } from '../http/exchange.ts';
import type { Reply } from '../http/reply.ts';
import type { StoredBlob } from '../model/blobStore.ts';
import { packageOf, type ImageCall } from './call.ts';
import { registryError, registryReply } from './errors.ts';

/** HEAD and GET: only blobs of this image. */
export async function readBlob(call: ImageCall): Promise<Reply> {
  const { gitea, exchange } = call;
  const file = gitea.packages.findBlob(packageOf(call), call.reference);
  const blob = file === undefined ? undefined : gitea.blobs.get(file.digest);
  if (file === undefined || blob === undefined) return registryError('BLOB_UNKNOWN');
  if (exchange.method === 'HEAD') {
    return withBody(registryReply(200, digestHeaders(blob.digest)), blob, 0, blob.size);
  }
  const redirect = directReply(call, blob.digest, file.mediaType);
  if (redirect !== undefined) return redirect;
  const type = file.mediaType === '' ? await sniff(blob) : file.mediaType;
  const range = gitea.quirks.blobRanges ? /^bytes=(\d+)-(\d*)$/.exec(header(exchange, 'range')) : null;
  const headers = { ...digestHeaders(blob.digest), 'Content-Type': type };
  if (range === null) return withBody(registryReply(200, headers), blob, 0, blob.size);
  const start = Number(range[1]);
  const end = range[2] === '' ? blob.size : Math.min(Number(range[2]) + 1, blob.size);
  const headersWithRange = { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${blob.size}` };
  return withBody(registryReply(206, headersWithRange), blob, start, end);
}

/** Always 202. Removes the blob from every tag of the image, so that no client should use it. */
export function deleteBlob(call: ImageCall): Reply {
  const image = packageOf(call);
  if (image !== undefined) call.gitea.packages.unlinkBlob(image, call.reference);
  return registryReply(202);
}

export function digestHeaders(digest: string): Record<string, string> {
  return { 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
}

/** SERVE_DIRECT: redirects a GET to the object store, with a signature in the query instead of credentials. */
export function directReply(call: ImageCall, digest: string, mediaType: string): Reply | undefined {
  const { storageOrigin } = call.gitea;
  if (storageOrigin === undefined || call.exchange.method !== 'GET') return undefined;
  const hex = digest.replace('sha256:', '');
  const query = new URLSearchParams({ 'X-Amz-Signature': hex.slice(0, 16), 'response-content-type': mediaType });
  const key = `${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
  return registryReply(307, {
    ...digestHeaders(digest),
    Location: `${storageOrigin}/gitea/packages/${key}?${query.toString()}`,
    ...(mediaType === '' ? {} : { 'Content-Type': mediaType }),
  });
}

export function withBody(reply: Reply, { path }: StoredBlob, start: number, end: number): Reply {
  return { ...reply, body: { path, start, end } };
}

/** Go guesses a Content-Type from the first bytes if the handler sets none (the part of its table that applies to blobs). */
async function sniff({ path }: StoredBlob): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.subarray(0, 3).equals(Buffer.from([0x1f, 0x8b, 0x08]))) return 'application/x-gzip';
    const binary = start.some((byte) => byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a));
    return binary ? 'application/octet-stream' : 'text/plain; charset=utf-8';
  } finally {
    await file.close();
  }
}
