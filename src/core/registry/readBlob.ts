import type { Digest } from '../oci/digest.ts';
import { header } from './messages.ts';
import { refused, repositoryScopes, repositoryUrl, type RepositoryWire } from './uploadSession.ts';

/** Bytes of a blob that are asked for in one request: an answer is held in memory. */
export const readPiece = 8 * 1024 * 1024;

/**
 * A blob's bytes up to `end` (excluded), in pieces that fit into memory, by the Range requests of the distribution spec. A
 * registry that has no ranges gives a small blob whole, and a large one not at all. Rejects as other reads do.
 */
export async function* readBlob(
  wire: RepositoryWire,
  digest: Digest,
  { signal, end = Infinity }: { readonly signal: AbortSignal; readonly end?: number },
): AsyncGenerator<Uint8Array, void, void> {
  const url = repositoryUrl(wire, `blobs/${digest}`);
  for (let start = 0, most = end; start < most;) {
    const last = Math.min(start + readPiece, most) - 1;
    const headers = { accept: '*/*', range: `bytes=${start}-${last}` };
    const response = await wire.send({ method: 'GET', url, headers, signal, scopes: repositoryScopes(wire) });
    if (start === 0 && response.status === 200) {
      yield response.body.subarray(0, end);
      return;
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(response, 'content-range') ?? '');
    if (response.status !== 206 || Number(range?.[1]) !== start || response.body.byteLength === 0) {
      throw refused(wire, response, 'GET', `give the blob ${digest}`);
    }
    yield response.body;
    start += response.body.byteLength;
    most = Math.min(end, Number(range?.[3]));
  }
}
