import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../base/errors.ts';
import { joinAlternatives } from '../base/joinList.ts';
import { joinSentences } from '../base/joinSentences.ts';
import { parseJson } from '../base/json.ts';
import { header, type RegistryResponse } from '../registry/http/httpTypes.ts';
import { readErrorResponse, serverMessage, type ErrorResponse } from '../registry/errors/errorResponse.ts';
import { explainBusyServer } from '../registry/errors/explainBusyServer.ts';
import { explainSignInPage } from '../registry/errors/explainSignInPage.ts';
import { changePasswordUrl } from './webUrls.ts';

export const restError = v.object({ message: v.pipe(v.string(), v.nonEmpty()) });

/** Explains an error response of the REST API. `attempt` completes “… could not” and “… does not let you”. */
export function explainRestError(response: RegistryResponse, attempt: string, webRoot: string): TeaChestError {
  const errorResponse = readErrorResponse(response, 'GET');
  const { host, status } = errorResponse;
  const special =
    explainBusyServer(response) ??
    explainSignInPage(response, new URL(webRoot).host) ??
    explainScope(response, host, attempt) ??
    explainAccount(response, host, webRoot) ??
    explainUnknownOwner(response, host);
  if (special !== undefined) return special;
  if (status === 404 && parseJson(restError, response.body) === undefined) return apiMissing(host, webRoot, status);
  return explainStatus(errorResponse, attempt);
}

function explainStatus(errorResponse: ErrorResponse, attempt: string): TeaChestError {
  const { host, status, path } = errorResponse;
  const detail = serverMessage(errorResponse);
  const facts = { host, status, path };
  switch (status) {
    case 401:
      return new TeaChestError(
        'credentialsRejected',
        l10n.t({
          message: '{host} does not accept the sign-in{detail}.',
          args: { host, detail },
          comment: '{detail}: empty, or “: ” and what the server said',
        }),
        { facts },
      );
    case 403:
      return new TeaChestError(
        'accessDenied',
        l10n.t({
          message: '{host} does not let you {attempt}{detail}.',
          args: { host, attempt, detail },
          comment: [
            '{attempt}: what was tried, such as “list your teams”. ',
            '{detail}: empty, or “: ” and what the server said',
          ],
        }),
        { facts },
      );
    case 404:
      return new TeaChestError(
        'ownerNotFound',
        l10n.t({
          message: '{host} cannot {attempt}: there is no such thing{detail}.',
          args: { host, attempt, detail },
          comment: [
            '{attempt}: what was tried, such as “list your teams”. ',
            '{detail}: empty, or “: ” and what the server said',
          ],
        }),
        { facts },
      );
    default:
      return new TeaChestError(
        'registryRefused',
        l10n.t({
          message: '{host} could not {attempt} and answered {status}{detail}.',
          args: { host, attempt, status, detail },
          comment: [
            '{attempt}: what was tried, such as “list your teams”. ',
            '{detail}: empty, or “: ” and what the server said',
          ],
        }),
        { facts },
      );
  }
}

/** Gitea looks for a former name as well, and says only that there is none (services/context/user.go). */
function explainUnknownOwner(response: RegistryResponse, host: string): TeaChestError | undefined {
  if (response.status !== 404) return undefined;
  const owner = /^user redirect does not exist \[name: ([^\]]+)\]$/.exec(restMessage(response))?.[1];
  if (owner === undefined) return undefined;
  const what = l10n.t`${host} has no user or organization “${owner}”, or none that you may see.`;
  return new TeaChestError('ownerNotFound', what, { facts: { host, status: response.status, owner } });
}

/** Gitea's own 404 is JSON with a message. For an install below a path, the registry is at the root and the API is not. */
function apiMissing(host: string, webRoot: string, status: number): TeaChestError {
  return new TeaChestError(
    'notARegistry',
    l10n.t`${host} has a container registry, but the REST API of Gitea was not found at ${webRoot}/api/v1 (404). If Gitea is installed below a path, sign in with that path, such as ${webRoot}/gitea; otherwise the proxy in front of it has to let /api through.`,
    { facts: { host, status, api: false } },
  );
}

export interface MissingScopes {
  /** The scopes one of which the call needs: `read:user`. */
  readonly required: readonly string[];
  /** The token's scopes; undefined before Gitea 1.23, and on Forgejo. */
  readonly has: string | undefined;
}

/** The scopes that a valid token lacks; undefined for any other response. */
export function readMissingScopes(response: RegistryResponse): MissingScopes | undefined {
  const message = restMessage(response);
  // Gitea ≥ 1.23: “… required scope(s), required=[read:user], token scope=write:package”; before, and Forgejo: “…: [read:user]”;
  // 1.19: “token does not have required scope: read:user”.
  if (response.status !== 403 || !/required scope/i.test(message)) return undefined;
  const scope = /^[a-z]+(?::[a-z]+)?$/;
  const list = /\[([^\]]*)\]/.exec(message)?.[1] ?? /required scope: (\S+)/.exec(message)?.[1] ?? '';
  const required = list.split(/[\s,]+/).filter((each) => scope.test(each));
  return { required, has: /token scope=([a-z:,-]+)/.exec(message)?.[1] };
}

function explainScope(response: RegistryResponse, host: string, attempt: string): TeaChestError | undefined {
  const missing = readMissingScopes(response);
  if (missing === undefined) return undefined;
  const { required, has } = missing;
  const needs =
    required.length === 0
      ? l10n.t({
          message: '{host} does not let this token {attempt}: that needs a scope that it does not have.',
          args: { host, attempt },
          comment: '{attempt}: what was tried, such as “list your teams”',
        })
      : l10n.t({
          message: '{host} does not let this token {attempt}: that needs the scope {scope}.',
          args: { host, attempt, scope: joinAlternatives(required) },
          comment: [
            '{attempt}: what was tried, such as “list your teams”. ',
            '{scope}: one scope, or several such as “read:user or read:package”',
          ],
        });
  const existing = has === undefined ? undefined : l10n.t`It has: ${has}.`;
  return new TeaChestError('scopeMissing', joinSentences(needs, existing), {
    facts: { host, status: response.status, required, ...(has === undefined ? {} : { scope: has }) },
  });
}

/**
 * The account is the reason, so that no other token or owner would help (Gitea: routers/api/v1/api.go,
 * verifyAuthWithOptions; services/auth/basic.go). Undefined for any other response.
 */
export function explainAccount(response: RegistryResponse, host: string, webRoot: string): TeaChestError | undefined {
  const { status } = response;
  const message = restMessage(response);
  if (![400, 401, 403].includes(status)) return undefined;
  const otp = header(response, 'x-gitea-otp') !== undefined || /\botp\b|two-?factor|webauthn|\b2fa\b/i.test(message);
  if (otp) {
    // Older Gitea and Forgejo say “invalid provided OTP”; newer Gitea says the same as for a wrong password.
    return new TeaChestError(
      'oneTimePasswordNeeded',
      l10n.t`This user of ${host} signs in with a second factor, which a password alone cannot replace. Use an access token.`,
      { facts: { host, status } },
    );
  }
  if (status !== 403) return undefined;
  if (/must change your password/i.test(message)) {
    const page = changePasswordUrl(webRoot);
    const why = l10n.t`${host} wants you to choose a new password first, at ${page}.`;
    return accountError(host, status, 'mustChangePassword', why);
  }
  if (/prohibited/i.test(message)) {
    const why = l10n.t`${host} does not let this account sign in: whoever runs the server has switched it off.`;
    return accountError(host, status, 'prohibited', why);
  }
  if (/not activated/i.test(message)) {
    const why = l10n.t`${host} does not let this account in before it is activated: follow the link in the mail from the server.`;
    return accountError(host, status, 'notActivated', why);
  }
  return undefined;
}

function accountError(host: string, status: number, account: string, why: string): TeaChestError {
  return new TeaChestError('accessDenied', why, { facts: { host, status, account } });
}

function restMessage(response: RegistryResponse): string {
  return parseJson(restError, response.body)?.message ?? response.body.subarray(0, 4096).toString('utf8');
}
