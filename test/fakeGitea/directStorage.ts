import type { Gitea } from './gitea.ts';
import type { Exchange } from './http/exchange.ts';
import type { Reply } from './http/reply.ts';

/**
 * The object store that SERVE_DIRECT redirects to, at an origin of its own. It requires the signature in the query,
 * and like S3 it refuses a request that has an Authorization header as well.
 */
export function handleStorage(gitea: Gitea, exchange: Exchange): Reply {
  if (exchange.headers.authorization !== undefined) {
    return failure(400, 'InvalidArgument', 'Only one auth mechanism allowed');
  }
  const hex = /\/([0-9a-f]{64})$/.exec(exchange.path)?.[1] ?? '';
  const blob = gitea.blobs.get(`sha256:${hex}`);
  if (blob === undefined) return failure(404, 'NoSuchKey', 'The specified key does not exist.');
  if (exchange.query.get('X-Amz-Signature') !== hex.slice(0, 16)) {
    return failure(403, 'SignatureDoesNotMatch', 'The request signature does not match.');
  }
  const type = exchange.query.get('response-content-type') ?? '';
  return {
    status: 200,
    headers: { Server: 'object-store', 'Content-Type': type === '' ? 'application/octet-stream' : type },
    body: { path: blob.path, start: 0, end: blob.size },
  };
}

function failure(status: number, code: string, message: string): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { Server: 'object-store', 'Content-Type': 'application/xml' }, body };
}
