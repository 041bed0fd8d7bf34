import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { basicAuthorization, type ReadCredential } from '../registry/auth/authenticator.ts';
import { distributionScheme } from '../registry/auth/distributionScheme.ts';
import type { Send } from '../registry/http/httpTypes.ts';
import { readErrorResponse, serverMessage } from '../registry/errors/errorResponse.ts';
import { loginRefused } from '../registry/errors/explainErrorResponse.ts';
import type { SignInResult } from '../registry/types.ts';
import type { GiteaApi } from './giteaApi.ts';
import { kindOf, type DetectedServer } from './detectServer.ts';
import { requestGiteaToken } from './giteaTokens.ts';

interface SignInOptions {
  /** Unauthenticated. */
  readonly send: Send;
  readonly server: DetectedServer;
  readonly origin: string;
  readonly credential: ReadCredential;
  readonly api: GiteaApi;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Checks a credential against the registry. Each way in which it may be wrong has its own error code. */
export async function checkSignIn(options: SignInOptions): Promise<SignInResult> {
  const { server, signal } = options;
  const { kind, webRoot, open } = server;
  const typed = (await options.credential())?.username ?? '';
  if (kind === 'generic') {
    await checkDistribution(options);
    return { kind, version: undefined, scope: undefined, lacks: [], username: typed, webRoot, open };
  }
  const { scope } = await requestGiteaToken(
    { ...options, webRoot: async () => Promise.resolve(webRoot) },
    { signal, retry: 'never' },
  );
  const user = await ofApi(options, 'user', (api) => api.currentUser({ signal }));
  // Behind REQUIRE_SIGNIN_VIEW it was not given before the sign-in.
  const version = server.version ?? (await ofApi(options, 'version', (api) => api.version({ signal })));
  const username = user?.name ?? typed;
  return { kind: kindOf(version), version, scope, lacks: user?.lacks ?? [], username, webRoot, open };
}

/**
 * The registry gives a token to an account that may not sign in, and then refuses all that is asked with it (docs/gitea.md
 * §1). One whose password must be changed may push.
 */
function isAccountOff(error: unknown): boolean {
  const account = error instanceof TeaChestError ? error.facts['account'] : undefined;
  return account === 'prohibited' || account === 'notActivated';
}

/**
 * What the REST API says; undefined if it is not found, as below a sub-path that the address does not have. The registry has
 * accepted the credential before.
 */
async function ofApi<T>(
  { api, logger, origin, signal }: SignInOptions,
  what: 'user' | 'version',
  ask: (api: GiteaApi) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask(api);
  } catch (error) {
    if (isCancelled(error) || signal.aborted || isAccountOff(error)) throw error;
    logger.debug(`${origin} does not say the ${what}: ${String(error)}`);
    return undefined;
  }
}

/** Gets a token, if the registry has tokens, and checks it by GET `/v2/`. */
async function checkDistribution({ send, server, origin, credential, signal }: SignInOptions): Promise<void> {
  const scheme = distributionScheme(server.challenges, { send, origin, credential });
  if (server.open) return;
  const known = await credential();
  const token = scheme.kind === 'bearer' ? await scheme.fetchToken([], { signal, retry: 'never' }) : undefined;
  const authorization =
    token !== undefined ? `Bearer ${token.value}` : known === undefined ? undefined : basicAuthorization(known);
  const response = await send({
    method: 'GET',
    url: new URL(`${origin}/v2/`),
    headers: authorization === undefined ? {} : { authorization },
    signal,
    retry: 'never',
  });
  if (response.status === 200) return;
  const { host } = new URL(origin);
  const detail = serverMessage(readErrorResponse(response, 'GET'));
  if (response.status === 401 || response.status === 403) {
    throw known === undefined
      ? new TeaChestError(
          'notSignedIn',
          l10n.t({
            message: '{host} wants a user name and a password{detail}.',
            args: { host, detail },
            comment: '{detail}: empty, or “: ” and what the server said',
          }),
          {
            facts: { host },
          },
        )
      : new TeaChestError('credentialsRejected', loginRefused(host, detail), {
          facts: { host },
        });
  }
  throw new TeaChestError(
    'registryFailed',
    l10n.t({
      message: '{host} answered the sign-in with {status}{detail}.',
      args: { host, status: response.status, detail },
      comment: '{detail}: empty, or “: ” and what the server said',
    }),
    {
      facts: { host, status: response.status },
    },
  );
}
