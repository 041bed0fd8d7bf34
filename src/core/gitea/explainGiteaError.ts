import {
  explainErrorResponse,
  errorFromResponse,
  type ExplainErrorResponse,
  type ErrorContext,
} from '../registry/errors/explainErrorResponse.ts';
import { isHtml, serverMessage, type ErrorResponse } from '../registry/errors/errorResponse.ts';
import type { TeaChestError } from '../base/errors.ts';

/** What Gitea and Forgejo mean by their refusals (docs/gitea.md §1, §2, §5); what is not theirs goes to the general reading. */
export const explainGiteaError: ExplainErrorResponse = (refusal, context) =>
  explainAccess(refusal, context) ??
  explainQuota(refusal, context) ??
  explainProtocol(refusal, context) ??
  explainErrorResponse(refusal, context);

/**
 * 401 `reqPackageAccess` is Gitea's “forbidden” (api.go reqPackageAccess): the scope of the token, a missing right, or
 * a private owner; it never says which, and never 403. A HEAD has no body, so the challenge must do.
 */
function explainAccess(refusal: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, bodyText, challenges } = refusal;
  const owner = ownerOf(context);
  const forbidden =
    bodyText.includes('reqPackageAccess') ||
    (challenges.length > 0 && challenges.every(({ parameters }) => parameters['realm'] === 'Gitea Package API'));
  if (status === 401 && forbidden) {
    return errorFromResponse(
      'accessDenied',
      `${host} does not let you write packages of “${owner}” (reqPackageAccess). Either you have no write right on its ` +
        'packages, or the token does not have the scope write:package.',
      refusal,
      { owner },
    );
  }
  if (status === 401) {
    return errorFromResponse(
      'credentialsRejected',
      `${host} does not accept the sign-in any more${serverMessage(refusal)}.`,
      refusal,
    );
  }
  if (status === 403 && bodyText.trim() !== '' && !isHtml(refusal)) {
    return errorFromResponse(
      'accessDenied',
      `${host} refused to ${context.attempt}${serverMessage(refusal)}.`,
      refusal,
      {
        owner,
      },
    );
  }
  if (status === 404 && refusal.codes.length === 0 && bodyText.trim() === 'Not found.') {
    return errorFromResponse(
      'ownerNotFound',
      `${host} has no user or organization “${owner}”, or none that you may see.`,
      refusal,
      { owner },
    );
  }
  return undefined;
}

/** Gitea's own limits: 403 without a body, only after the whole upload. Forgejo's quota: 413 as plain text. */
function explainQuota(refusal: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, bodyText } = refusal;
  const owner = ownerOf(context);
  if (status === 403 && refusal.method !== 'HEAD' && bodyText.trim() === '') {
    return errorFromResponse(
      'quotaExceeded',
      `${host} refused to ${context.attempt} without a word (403): that is how Gitea says that a limit for packages of ` +
        `“${owner}” is reached: the size of one blob, the size of all packages, or their number.`,
      refusal,
      { owner },
    );
  }
  if (status === 413 && bodyText.includes('enforcePackagesQuota')) {
    return errorFromResponse(
      'quotaExceeded',
      `${host} refused to ${context.attempt}: the quota of “${owner}” for packages is used up${serverMessage(refusal)}.`,
      refusal,
      { owner },
    );
  }
  return undefined;
}

function explainProtocol(refusal: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, codes } = refusal;
  const refused = `${host} refused to ${context.attempt}`;
  if (codes.includes('NAME_INVALID')) {
    return errorFromResponse(
      'nameInvalid',
      `${host} does not accept the name “${context.repository}”. Gitea wants lower-case letters and digits with single ` +
        '. _ or - between them.',
      refusal,
    );
  }
  if (codes.includes('SIZE_INVALID')) {
    return errorFromResponse(
      'registryRefused',
      `${refused}: a layer there has another size than the manifest says.`,
      refusal,
    );
  }
  if (codes.includes('BLOB_UNKNOWN') || codes.includes('MANIFEST_BLOB_UNKNOWN')) {
    return errorFromResponse(
      'registryRefused',
      `${refused}: it does not have all that the manifest names. Blobs that no manifest uses are cleaned up after a day.`,
      refusal,
    );
  }
  if (codes.includes('MANIFEST_INVALID')) {
    const why = status === 413 ? 'it is larger than 10 MiB' : `Gitea cannot read it${serverMessage(refusal)}`;
    return errorFromResponse('registryRefused', `${refused}: ${why}.`, refusal);
  }
  if (status === 500 && refusal.bodyText.trim() === '') {
    return errorFromResponse(
      'registryFailed',
      `${host} failed to ${context.attempt} and does not say why (500). That is a fault on the server, such as a full or ` +
        'unwritable storage or temporary folder; its log has the reason.',
      refusal,
    );
  }
  return undefined;
}

function ownerOf({ repository }: ErrorContext): string {
  return repository.split('/')[0] ?? repository;
}
