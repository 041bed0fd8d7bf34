import * as l10n from '@vscode/l10n';
import {
  explainErrorResponse,
  errorFromResponse,
  type ExplainErrorResponse,
  type ErrorContext,
} from '../registry/errors/explainErrorResponse.ts';
import { isHtml, serverMessage, type ErrorResponse } from '../registry/errors/errorResponse.ts';
import type { TeaChestError } from '../base/errors.ts';

/** Explains the error responses of Gitea and Forgejo (docs/gitea.md §1, §2, §5); `explainErrorResponse` has the others. */
export const explainGiteaError: ExplainErrorResponse = (response, context) =>
  explainAccess(response, context) ??
  explainQuota(response, context) ??
  explainProtocol(response, context) ??
  explainErrorResponse(response, context);

/**
 * 401 `reqPackageAccess` is Gitea's “forbidden” (api.go reqPackageAccess): a scope that the token lacks, a missing right, or
 * a private owner. Gitea does not say which, and never sends 403. A HEAD has no body, but its challenge is unique.
 */
function explainAccess(response: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, bodyText, challenges } = response;
  const owner = ownerOf(context);
  const forbidden =
    bodyText.includes('reqPackageAccess') ||
    (challenges.length > 0 && challenges.every(({ parameters }) => parameters['realm'] === 'Gitea Package API'));
  if (status === 401 && forbidden) {
    return errorFromResponse(
      'accessDenied',
      l10n.t`${host} does not let you write packages of “${owner}” (reqPackageAccess). Either you have no write right on its packages, or the token does not have the scope write:package.`,
      response,
      { owner },
    );
  }
  if (status === 401) {
    return errorFromResponse(
      'credentialsRejected',
      l10n.t({
        message: '{host} does not accept the sign-in any more{detail}.',
        args: { host, detail: serverMessage(response) },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
      response,
    );
  }
  // Of a token with the scope public-only, for an owner who is private (routers/api/packages/api.go, reqPackageAccess).
  if (status === 403 && bodyText.trim() === 'reqToken') {
    return errorFromResponse(
      'accessDenied',
      l10n.t`“${owner}” on ${host} is private. The token may see only what is public: its scope has public-only (${host} answered “reqToken”).`,
      response,
      { owner },
    );
  }
  if (status === 403 && bodyText.trim() !== '' && !isHtml(response)) {
    return errorFromResponse(
      'accessDenied',
      l10n.t({
        message: '{host} refused to {attempt}{detail}.',
        args: { host, attempt: context.attempt, detail: serverMessage(response) },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
      response,
      {
        owner,
      },
    );
  }
  if (status === 404 && response.codes.length === 0 && bodyText.trim() === 'Not found.') {
    return errorFromResponse(
      'ownerNotFound',
      l10n.t`${host} has no user or organization “${owner}”, or none that you may see.`,
      response,
      { owner },
    );
  }
  return undefined;
}

/** Gitea's own limits are 403 without a body, only after the whole upload; Forgejo's quota is 413 with plain text. */
function explainQuota(response: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, bodyText } = response;
  const owner = ownerOf(context);
  if (status === 403 && response.method !== 'HEAD' && bodyText.trim() === '') {
    return errorFromResponse(
      'quotaExceeded',
      l10n.t({
        message:
          '{host} refused to {attempt} without a word (403): that is how Gitea says that a limit for packages of “{owner}” is reached: the size of one blob, the size of all packages, or their number.',
        args: { host, attempt: context.attempt, owner },
        comment: '{attempt}: what was tried, such as “store a layer of alice/app”',
      }),
      response,
      { owner },
    );
  }
  if (status === 413 && bodyText.includes('enforcePackagesQuota')) {
    return errorFromResponse(
      'quotaExceeded',
      l10n.t({
        message: '{host} refused to {attempt}: the quota of “{owner}” for packages is used up{detail}.',
        args: { host, attempt: context.attempt, owner, detail: serverMessage(response) },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
      response,
      { owner },
    );
  }
  return undefined;
}

function explainProtocol(response: ErrorResponse, context: ErrorContext): TeaChestError | undefined {
  const { host, status, codes } = response;
  const { attempt } = context;
  if (codes.includes('NAME_INVALID')) {
    return errorFromResponse(
      'nameInvalid',
      l10n.t`${host} does not accept the name “${context.repository}”. Gitea wants lower-case letters and digits with single . _ or - between them.`,
      response,
    );
  }
  if (codes.includes('SIZE_INVALID')) {
    return errorFromResponse(
      'registryRefused',
      l10n.t({
        message: '{host} refused to {attempt}: a layer there has another size than the manifest says.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”',
      }),
      response,
    );
  }
  if (codes.includes('BLOB_UNKNOWN') || codes.includes('MANIFEST_BLOB_UNKNOWN')) {
    return errorFromResponse(
      'registryRefused',
      l10n.t({
        message:
          '{host} refused to {attempt}: it does not have all that the manifest names. Blobs that no manifest uses are cleaned up after a day.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”',
      }),
      response,
    );
  }
  if (codes.includes('MANIFEST_INVALID')) return manifestInvalid(response, context);
  if (status === 500 && response.bodyText.trim() === '') {
    return errorFromResponse(
      'registryFailed',
      l10n.t({
        message:
          '{host} failed to {attempt} and does not say why (500). That is a fault on the server, such as a full or unwritable storage or temporary folder; its log has the reason.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store a layer of alice/app”',
      }),
      response,
    );
  }
  return undefined;
}

function manifestInvalid(response: ErrorResponse, { attempt }: ErrorContext): TeaChestError {
  const { host, status } = response;
  const message =
    status === 413
      ? l10n.t({
          message: '{host} refused to {attempt}: it is larger than 10 MiB.',
          args: { host, attempt },
          comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”. “it”: the manifest',
        })
      : l10n.t({
          message: '{host} refused to {attempt}: Gitea cannot read it{detail}.',
          args: { host, attempt, detail: serverMessage(response) },
          comment: [
            '{attempt}: what was tried, such as “store the manifest alice/app:v1”. “it”: the manifest. ',
            '{detail}: empty, or “: ” and what the server said',
          ],
        });
  return errorFromResponse('registryRefused', message, response);
}

function ownerOf({ repository }: ErrorContext): string {
  return repository.split('/')[0] ?? repository;
}
