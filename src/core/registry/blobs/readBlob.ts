import * as l10n from '@vscode/l10n';
import { peekBytes } from '../../base/peekBytes.ts';
import type { Digest } from '../../oci/digest.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { toError, repositoryScopes, repositoryUrl, type RepositoryContext } from '../repositoryContext.ts';

/** Bytes of an answer by which a web page is recognized. */
const pageBytes = 1024;

/**
 * A blob's bytes as they arrive, in bounded memory, by one GET: Gitea has no ranges. They are not hashed here. Leaving the
 * loop ends the request.
 */
export async function* readBlob(
  context: RepositoryContext,
  digest: Digest,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, void> {
  const url = repositoryUrl(context, `blobs/${digest}`);
  const scopes = repositoryScopes(context);
  const response = await context.send({ method: 'GET', url, headers: { accept: '*/*' }, signal, scopes, stream: true });
  const attempt = l10n.t({
    message: 'give the blob {0}',
    args: [digest],
    comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
  });
  if (response.stream === undefined) throw toError(context, response, 'GET', attempt);
  const { head, body } = await peekBytes(response.stream, pageBytes);
  const answer = { ...response, body: Buffer.from(head) };
  if (isWebPage(answer)) {
    response.stream.close();
    throw toError(context, answer, 'GET', attempt);
  }
  yield* body;
}
