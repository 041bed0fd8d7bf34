import type { Registry } from '../tools/registry.ts';
import type { Source } from './sourceImage.ts';

/** Puts an image of this test into docker-registry by its own API (distribution-spec §Push), without a tag. */
export async function seedRegistry({ origin }: Registry, { blobs, top }: Source, repository: string): Promise<void> {
  const at = `${origin}/v2/${repository}`;
  for (const [digest, { bytes }] of blobs.all) {
    if (digest === top.digest) continue;
    const { headers } = await send('POST', `${at}/blobs/uploads/`);
    const session = new URL(headers.get('location') ?? '', origin);
    session.searchParams.set('digest', digest);
    await send('PUT', session.href, { type: 'application/octet-stream', body: bytes });
  }
  const manifest = blobs.all.get(top.digest)?.bytes ?? Buffer.alloc(0);
  await send('PUT', `${at}/manifests/${top.digest}`, { type: top.mediaType, body: manifest });
}

async function send(
  method: string,
  url: string,
  content?: { readonly type: string; readonly body: Buffer },
): Promise<Response> {
  const init = content && { headers: { 'content-type': content.type }, body: new Uint8Array(content.body) };
  const response = await fetch(url, { method, ...init });
  if (!response.ok)
    throw new Error(`docker-registry answered ${response.status} to ${method}: ${await response.text()}`);
  return response;
}
