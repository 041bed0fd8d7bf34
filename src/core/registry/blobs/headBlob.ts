import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { header, type RegistryRequest, type RegistryResponse } from '../http/httpTypes.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { toError, repositoryScopes, repositoryUrl, type RepositoryContext } from '../repositoryContext.ts';

const emptyDigest = digestOf(new Uint8Array());

/** Throws `digestMismatch` if the registry says it stored something else. Gitea 1.25.0–1.25.2 may say nothing (#36021). */
export function checkStoredDigest(context: RepositoryContext, response: RegistryResponse, digest: Digest): void {
  const stored = header(response, 'docker-content-digest');
  if (stored === undefined || stored === '' || stored === digest) return;
  const { host } = new URL(context.origin);
  throw new TeaChestError('digestMismatch', l10n.t`${host} stored ${stored} where ${digest} was sent.`, {
    facts: { host, stored, sent: digest },
  });
}

/**
 * A HEAD that is not allowed, by the registry or by something between here and it. Its answer has no body that could say
 * why. 401, 404, 408 and 429 mean something else.
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
  // If it is unknown whether the blob is there, it is sent, and the answer to that has a reason.
  if (response.status === 404 || isHeadRefused(response)) return undefined;
  if (response.status !== 200 || isWebPage(response)) {
    throw toError(
      context,
      response,
      'HEAD',
      l10n.t({
        message: 'look for a layer in {0}',
        args: [context.repository],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    );
  }
  if (!isAboutBlob(context, response, digest)) return undefined;
  const length = header(response, 'content-length');
  // Go sends no Content-Length for an empty body.
  if (length === undefined && digest === emptyDigest) return 0;
  // Without a length it may not be the whole blob: it counts as missing, and is sent.
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/**
 * An answer with another digest is about another blob. A storage to which the registry redirects need not name a digest,
 * but the media type of its answer is one of bytes, which that of a sign-in page is not.
 */
function isAboutBlob({ origin }: RepositoryContext, response: RegistryResponse, digest: Digest): boolean {
  const named = header(response, 'docker-content-digest') ?? '';
  if (named !== '') return named === digest;
  const type = header(response, 'content-type') ?? '';
  return response.url.origin === new URL(origin).origin || /^(?:application|binary)\//i.test(type);
}
