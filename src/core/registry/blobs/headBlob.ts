import { TeaChestError } from '../../base/errors.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { header, type RegistryRequest, type RegistryResponse } from '../http/httpTypes.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { toError, repositoryScopes, repositoryUrl, type RepositoryContext } from '../upload/uploadSession.ts';

const emptyDigest = digestOf(new Uint8Array());

/** Throws `digestMismatch` if the registry says it stored something else. Gitea 1.25.0–1.25.2 may say nothing (#36021). */
export function checkStoredDigest(context: RepositoryContext, response: RegistryResponse, digest: Digest): void {
  const stored = header(response, 'docker-content-digest');
  if (stored === undefined || stored === '' || stored === digest) return;
  const { host } = new URL(context.origin);
  throw new TeaChestError('digestMismatch', `${host} stored ${stored} where ${digest} was sent.`, {
    facts: { host, stored, sent: digest },
  });
}

/**
 * A HEAD that is not allowed, by the registry or by something on the way. Its answer has no body that could say why. A
 * missing sign-in (401), a missing place (404), and what passes (408, 429) are answers of their own.
 */
export function isHeadRefused({ status }: RegistryResponse): boolean {
  return status === 501 || (status >= 400 && status < 500 && ![401, 404, 408, 429].includes(status));
}

/** Size in bytes of a blob of this repository; undefined if it has none of that digest. */
export async function headBlob(
  context: RepositoryContext,
  digest: Digest,
  signal: AbortSignal,
  options: Pick<RegistryRequest, 'retry'> = {},
): Promise<number | undefined> {
  const response = await context.send({
    method: 'HEAD',
    url: repositoryUrl(context, `blobs/${digest}`),
    signal,
    scopes: repositoryScopes(context),
    ...options,
  });
  // Where nobody says whether it is there it is sent, and what keeps us from that is then told in words.
  if (response.status === 404 || isHeadRefused(response)) return undefined;
  if (response.status !== 200 || isWebPage(response)) {
    throw toError(context, response, 'HEAD', `look for a layer in ${context.repository}`);
  }
  if (!isAboutBlob(context, response, digest)) return undefined;
  const length = header(response, 'content-length');
  // Go leaves the length of nothing away.
  if (length === undefined && digest === emptyDigest) return 0;
  // Without a length nobody can say that it is the whole blob: take it as not there, and send it.
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/**
 * A digest of another blob is about something else. A host to which the registry sends us need not know any digest, but
 * a storage tells that it has bytes, which a sign-in page does not.
 */
function isAboutBlob({ origin }: RepositoryContext, response: RegistryResponse, digest: Digest): boolean {
  const named = header(response, 'docker-content-digest') ?? '';
  if (named !== '') return named === digest;
  const type = header(response, 'content-type') ?? '';
  return response.url.origin === new URL(origin).origin || /^(?:application|binary)\//i.test(type);
}

/** A session that the registry gave and does not know any more, or of which it counts other bytes than were sent. */
export function isSessionLost({ code, facts }: TeaChestError): boolean {
  return code === 'uploadLost' || facts['status'] === 404 || facts['status'] === 416;
}
