import * as l10n from '@vscode/l10n';
import { explainErrorResponse, type ExplainErrorResponse } from '../registry/errors/explainErrorResponse.ts';
import { explainByRules, type ErrorRule } from '../registry/errors/errorRules.ts';
import { isHtml, type ErrorResponse } from '../registry/errors/errorResponse.ts';

/** Explains the error responses of Gitea and Forgejo (docs/gitea.md §1, §2, §5); `explainErrorResponse` has the others. */
export const explainGiteaError: ExplainErrorResponse = (response, context) =>
  explainByRules(rules, response, context) ?? explainErrorResponse(response, context);

const isEmpty = ({ bodyText }: ErrorResponse): boolean => bodyText.trim() === '';

const access: readonly ErrorRule[] = [
  {
    applies: (response) => response.status === 401 && isForbidden(response),
    ...{ code: 'accessDenied', isAboutOwner: true },
    text: ({ host, owner }) =>
      l10n.t`${host} does not let you write packages of “${owner}” (reqPackageAccess). Either you have no write right on its packages, or the token does not have the scope write:package.`,
  },
  {
    applies: ({ status }) => status === 401,
    code: 'credentialsRejected',
    text: ({ host, detail }) =>
      l10n.t({
        message: '{host} does not accept the sign-in any more{detail}.',
        args: { host, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
  },
  {
    // Of a token with the scope public-only, for an owner who is private (routers/api/packages/api.go, reqPackageAccess).
    applies: ({ status, bodyText }) => status === 403 && bodyText.trim() === 'reqToken',
    ...{ code: 'accessDenied', isAboutOwner: true },
    text: ({ host, owner }) =>
      l10n.t`“${owner}” on ${host} is private. The token may see only what is public: its scope has public-only (${host} answered “reqToken”).`,
  },
  {
    applies: (response) => response.status === 403 && !isEmpty(response) && !isHtml(response),
    ...{ code: 'accessDenied', isAboutOwner: true },
    text: ({ host, attempt, detail }) =>
      l10n.t({
        message: '{host} refused to {attempt}{detail}.',
        args: { host, attempt, detail },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
  },
  {
    applies: ({ status, codes, bodyText }) => status === 404 && codes.length === 0 && bodyText.trim() === 'Not found.',
    ...{ code: 'ownerNotFound', isAboutOwner: true },
    text: ({ host, owner }) => l10n.t`${host} has no user or organization “${owner}”, or none that you may see.`,
  },
];

/** Gitea's own limits are 403 without a body, only after the whole upload; Forgejo's quota is 413 with plain text. */
const quota: readonly ErrorRule[] = [
  {
    applies: (response) => response.status === 403 && response.method !== 'HEAD' && isEmpty(response),
    ...{ code: 'quotaExceeded', isAboutOwner: true },
    text: ({ host, attempt, owner }) =>
      l10n.t({
        message:
          '{host} refused to {attempt} without a word (403): that is how Gitea says that a limit for packages of “{owner}” is reached: the size of one blob, the size of all packages, or their number.',
        args: { host, attempt, owner },
        comment: '{attempt}: what was tried, such as “store a layer of alice/app”',
      }),
  },
  {
    applies: ({ status, bodyText }) => status === 413 && bodyText.includes('enforcePackagesQuota'),
    ...{ code: 'quotaExceeded', isAboutOwner: true },
    text: ({ host, attempt, owner, detail }) =>
      l10n.t({
        message: '{host} refused to {attempt}: the quota of “{owner}” for packages is used up{detail}.',
        args: { host, attempt, owner, detail },
        comment: [
          '{attempt}: what was tried, such as “store a layer of alice/app”. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
  },
];

const protocol: readonly ErrorRule[] = [
  {
    applies: ({ codes }) => codes.includes('NAME_INVALID'),
    code: 'nameInvalid',
    text: ({ host, repository }) =>
      l10n.t`${host} does not accept the name “${repository}”. Gitea wants lower-case letters and digits with single . _ or - between them.`,
  },
  {
    applies: ({ codes }) => codes.includes('SIZE_INVALID'),
    code: 'registryRefused',
    text: ({ host, attempt }) =>
      l10n.t({
        message: '{host} refused to {attempt}: a layer there has another size than the manifest says.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”',
      }),
  },
  {
    applies: ({ codes }) => codes.includes('BLOB_UNKNOWN') || codes.includes('MANIFEST_BLOB_UNKNOWN'),
    code: 'registryRefused',
    text: ({ host, attempt }) =>
      l10n.t({
        message:
          '{host} refused to {attempt}: it does not have all that the manifest names. Blobs that no manifest uses are cleaned up after a day.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”',
      }),
  },
  {
    applies: ({ codes, status }) => codes.includes('MANIFEST_INVALID') && status === 413,
    code: 'registryRefused',
    text: ({ host, attempt }) =>
      l10n.t({
        message: '{host} refused to {attempt}: it is larger than 10 MiB.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store the manifest alice/app:v1”. “it”: the manifest',
      }),
  },
  {
    applies: ({ codes }) => codes.includes('MANIFEST_INVALID'),
    code: 'registryRefused',
    text: ({ host, attempt, detail }) =>
      l10n.t({
        message: '{host} refused to {attempt}: Gitea cannot read it{detail}.',
        args: { host, attempt, detail },
        comment: [
          '{attempt}: what was tried, such as “store the manifest alice/app:v1”. “it”: the manifest. ',
          '{detail}: empty, or “: ” and what the server said',
        ],
      }),
  },
  {
    applies: (response) => response.status === 500 && isEmpty(response),
    code: 'registryFailed',
    text: ({ host, attempt }) =>
      l10n.t({
        message:
          '{host} failed to {attempt} and does not say why (500). That is a fault on the server, such as a full or unwritable storage or temporary folder; its log has the reason.',
        args: { host, attempt },
        comment: '{attempt}: what was tried, such as “store a layer of alice/app”',
      }),
  },
];

const rules = [...access, ...quota, ...protocol];

/**
 * 401 `reqPackageAccess` is Gitea's “forbidden” (api.go reqPackageAccess): a scope that the token lacks, a missing right, or
 * a private owner. Gitea does not say which, and never sends 403. A HEAD has no body, but its challenge is unique.
 */
function isForbidden({ bodyText, challenges }: ErrorResponse): boolean {
  return (
    bodyText.includes('reqPackageAccess') ||
    (challenges.length > 0 && challenges.every(({ parameters }) => parameters['realm'] === 'Gitea Package API'))
  );
}
