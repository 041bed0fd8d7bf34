import * as l10n from '@vscode/l10n';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import type { Challenge } from '../registry/auth/challenge.ts';
import { header, type RegistryResponse, type Send } from '../registry/http/httpTypes.ts';
import { isHtml, readErrorResponse, serverMessage } from '../registry/errors/errorResponse.ts';
import type { RegistryAddress, SignInResult } from '../registry/types.ts';
import { explainBusyServer } from '../registry/errors/explainBusyServer.ts';
import { restError } from './explainRestError.ts';
import { versionSchema } from './restRows.ts';
import { explainSignInPage, redirectTarget } from '../registry/errors/explainSignInPage.ts';

/** What a registry says of itself without a credential. */
export interface DetectedServer {
  readonly kind: SignInResult['kind'];
  /** Undefined if it is not a Gitea, or one that shows its version only after sign-in. */
  readonly version: string | undefined;
  /** The parent of Gitea's pages and of `/api/v1`: the configured address may be that of an owner's page. */
  readonly webRoot: string;
  readonly challenges: readonly Challenge[];
  /** GET `/v2/` was answered with 200 and no challenge: at least reading needs no credential. */
  readonly open: boolean;
  /**
   * Gitea's REQUIRE_SIGNIN_VIEW: even the images of a public owner are seen and pulled only after sign-in.
   */
  readonly requiresSignIn: boolean;
}

interface DetectOptions {
  /** Unauthenticated, and following no redirects. */
  readonly send: Send;
  readonly address: RegistryAddress;
  readonly signal: AbortSignal;
  readonly retry?: 'never';
}

const maxRedirects = 2; // `/v2/` → `/v2`, and once more
const maxSegments = 6; // of the path in which the sub-path of the install is searched

/**
 * Detects the kind of server by GET `/v2/` and, if its challenge is Gitea's, by GET `/api/v1/version`. Rejects with
 * `notARegistry`, `plainHttp` (the server wants https), `registryFailed`, or the transport's error.
 */
export async function detectServer(options: DetectOptions): Promise<DetectedServer> {
  const { address } = options;
  const response = await ping(options);
  const { challenges } = readErrorResponse(response, 'GET');
  if (!isRegistry(response, challenges)) throw await explainNotARegistry(options, response);
  const isGitea = challenges.some(({ parameters }) => parameters['service'] === 'container_registry');
  const open = response.status === 200 && challenges.length === 0;
  if (!isGitea) {
    const { webRoot } = address;
    return { kind: 'generic', version: undefined, webRoot, challenges, open, requiresSignIn: false };
  }
  const { version, webRoot, found } = await findApi(options);
  return {
    kind: kindOf(version),
    version,
    webRoot,
    challenges,
    open: false,
    requiresSignIn: found && version === undefined,
  };
}

/** Forgejo: `16.0.0+gitea-1.22.0`. Without a version it may be either. */
export function kindOf(version: string | undefined): 'gitea' | 'forgejo' {
  return version?.includes('+gitea-') === true ? 'forgejo' : 'gitea';
}

/** GET `/v2/`; follows the redirect to `/v2` of a proxy that removes slashes. */
async function ping({ send, address, signal, retry }: DetectOptions): Promise<RegistryResponse> {
  let url = new URL(`${address.origin}/v2/`);
  for (let hop = 0; ; hop++) {
    const response = await send({ method: 'GET', url, signal, ...(retry === undefined ? {} : { retry }) });
    const target = redirectTarget(response);
    if (hop === maxRedirects || target?.origin !== address.origin || !isPing(target)) return response;
    url = target;
  }
}

function isPing({ pathname }: URL): boolean {
  return pathname === '/v2' || pathname === '/v2/';
}

function isRegistry(response: RegistryResponse, challenges: readonly Challenge[]): boolean {
  const names = (header(response, 'docker-distribution-api-version') ?? '').includes('registry/2');
  if (response.status === 401) {
    return (
      challenges.some(({ scheme }) => scheme === 'bearer') ||
      names ||
      (challenges.length > 0 && !isHtml(readErrorResponse(response, 'GET')))
    );
  }
  if (response.status !== 200) return false;
  return names || ['', '{}'].includes(response.body.toString('utf8').trim());
}

interface FoundApi {
  readonly version: string | undefined;
  readonly webRoot: string;
  readonly found: boolean;
}

/**
 * The REST API is below the sub-path of the install. The configured path may also have an owner's page behind the sub-path:
 * so each prefix of the path is tried, the longest first.
 */
async function findApi({ send, address, signal }: DetectOptions): Promise<FoundApi> {
  for (const webRoot of pathPrefixes(address)) {
    try {
      const url = new URL(`${webRoot}/api/v1/version`);
      const response = await send({ method: 'GET', url, signal, retry: 'never' });
      const version = parseJson(versionSchema, response.body)?.version;
      if (response.status === 200 && version !== undefined) return { version, webRoot, found: true };
      // REQUIRE_SIGNIN_VIEW: the API is there, but needs a sign-in.
      const requiresSignIn = response.status === 401 || response.status === 403;
      const isRestError = parseJson(restError, response.body) !== undefined;
      if (requiresSignIn && isRestError) return { version: undefined, webRoot, found: true };
    } catch (error) {
      if (isCancelled(error)) throw error;
    }
  }
  return { version: undefined, webRoot: address.webRoot, found: false };
}

/** `https://h/a/b` → itself, `https://h/a`, `https://h`; of a long path the first segments only. */
function pathPrefixes({ origin, webRoot }: RegistryAddress): readonly string[] {
  const parts = webRoot
    .slice(origin.length)
    .split('/')
    .slice(1, 1 + maxSegments);
  return [...parts.map((_, index) => `${origin}/${parts.slice(0, parts.length - index).join('/')}`), origin];
}

/** The error for a server that answers at `/v2/`, but not as a registry. */
async function explainNotARegistry(options: DetectOptions, response: RegistryResponse): Promise<TeaChestError> {
  const { address } = options;
  const { host } = address;
  const error = explainPlainHttp(address, response) ?? explainMoved(address, response) ?? explainBusyServer(response);
  if (error !== undefined) return error;
  const { found, version } = await findApi(options);
  if (found) {
    // router.go: /v2 is not mounted when packages are off; sub-path installs must map it at the host's root (#21092).
    return new TeaChestError(
      'notARegistry',
      version === undefined
        ? l10n.t`${host} is a Gitea or Forgejo, but its container registry does not answer at ${address.origin}/v2/ (${response.status}). Either packages are switched off there, or the proxy in front of it does not pass on /v2: for an install below a path it must be mapped at the root of the host.`
        : l10n.t`${host} is a Gitea or Forgejo (${version}), but its container registry does not answer at ${address.origin}/v2/ (${response.status}). Either packages are switched off there, or the proxy in front of it does not pass on /v2: for an install below a path it must be mapped at the root of the host.`,
      { facts: { host, status: response.status, gitea: true } },
    );
  }
  const detail = serverMessage(readErrorResponse(response, 'GET'));
  return (
    explainSignInPage(response, host) ??
    new TeaChestError(
      'notARegistry',
      l10n.t({
        message: '{host} answers, but not as a container registry: GET {origin}/v2/ gave {status}{detail}.',
        args: { host, origin: address.origin, status: response.status, detail },
        comment: '{detail}: empty, or “: ” and what the server said',
      }),
      { facts: { host, status: response.status, gitea: false } },
    )
  );
}

/** The request was plain http, and the server wants https: it says so, or redirects to its https address. */
function explainPlainHttp({ origin, host }: RegistryAddress, response: RegistryResponse): TeaChestError | undefined {
  if (!origin.startsWith('http:')) return undefined;
  // Go: “Client sent an HTTP request to an HTTPS server.” nginx: “The plain HTTP request was sent to HTTPS port”.
  const { bodyText } = readErrorResponse(response, 'GET');
  const wantsTls = response.status === 400 && /http request .*https (?:server|port)/i.test(bodyText);
  const target = redirectTarget(response);
  const isRedirected = target?.protocol === 'https:' && target.hostname === new URL(origin).hostname;
  if (!wantsTls && !isRedirected) return undefined;
  const suggestion = isRedirected ? target.origin : `https://${host}`;
  return new TeaChestError('plainHttp', l10n.t`${host} wants https, not plain http. Use ${suggestion}.`, {
    facts: { host, suggestion },
  });
}

/** A redirect to a registry at another address, which the person has to choose, or to a sign-in page. */
function explainMoved({ host, origin }: RegistryAddress, response: RegistryResponse): TeaChestError | undefined {
  const target = redirectTarget(response);
  if (target === undefined) return undefined;
  if (!isPing(target)) return explainSignInPage(response, host);
  if (target.origin === origin) {
    const what = l10n.t`${host} redirects GET /v2/ to itself again and again: the proxy in front of it is not set up right.`;
    return new TeaChestError('notARegistry', what, { facts: { host, status: response.status } });
  }
  return new TeaChestError(
    'notARegistry',
    l10n.t`${host} redirects to another address, ${target.origin}. Nothing was sent there: sign in with that address if it is the right one.`,
    { facts: { host, status: response.status, suggestion: target.origin } },
  );
}
