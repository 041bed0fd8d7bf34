import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import { isHtml, readErrorResponse, serverMessage, type ErrorResponse } from '../errors/errorResponse.ts';
import { repositoryScopes, repositoryUrl, toError, type RepositoryContext } from '../repositoryContext.ts';

/** `gone`: there was no such tag or manifest any more. */
export type DeleteOutcome = 'deleted' | 'gone';

/**
 * DELETE of a tag, or of a digest with all its tags (distribution spec, §Deleting Manifests, §Deleting tags). Registries may
 * refuse either.
 */
export async function deleteManifest(
  context: RepositoryContext,
  reference: string,
  signal: AbortSignal,
): Promise<DeleteOutcome> {
  const url = repositoryUrl(context, `manifests/${encodeURI(reference)}`);
  const scopes = repositoryScopes(context).map((scope) => `${scope},delete`);
  const response = await context.send({ method: 'DELETE', url, signal, scopes });
  const refusal = readErrorResponse(response, 'DELETE');
  // A sign-in page in front of the registry is 200 as well.
  if ([200, 202, 204].includes(response.status) && !isHtml(refusal)) return 'deleted';
  if (response.status === 404 && refusal.codes.some((code) => code === 'MANIFEST_UNKNOWN' || code === 'NAME_UNKNOWN')) {
    return 'gone';
  }
  throw (
    explainUnsupported(refusal, reference) ??
    toError(
      context,
      response,
      'DELETE',
      l10n.t({
        message: 'delete {0}',
        args: [reference],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    )
  );
}

/**
 * distribution 2.8 answers 400 DIGEST_INVALID to the DELETE of a tag, and 405 UNSUPPORTED to every DELETE if deletion is
 * not switched on.
 */
function explainUnsupported(refusal: ErrorResponse, reference: string): TeaChestError | undefined {
  const { host, status, codes } = refusal;
  const isUnsupported = status === 405 || codes.includes('UNSUPPORTED');
  const wantsDigest = !isDigest(reference) && status === 400 && codes.includes('DIGEST_INVALID');
  if (!isUnsupported && !wantsDigest) return undefined;
  const what = isUnsupported
    ? l10n.t({
        message: '{host} does not allow anybody to delete images{detail}. Whoever runs it may switch that on.',
        args: { host, detail: serverMessage(refusal) },
        comment: '{detail}: empty, or “: ” and what the server said',
      })
    : l10n.t`${host} cannot delete the tag “${reference}” alone. It can delete the digest, together with all of its tags.`;
  return new TeaChestError('deleteUnsupported', what, { facts: { host, status, codes, digestOnly: wantsDigest } });
}
