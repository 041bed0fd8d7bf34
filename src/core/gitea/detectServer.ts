import { isCancelled, TeaChestError } from '../base/errors.ts';
import type { Challenge } from '../registry/auth/challenge.ts';
import { header, type RegistryResponse, type Send } from '../registry/http/httpTypes.ts';
import { isHtml, readErrorResponse, serverMessage } from '../registry/errors/errorResponse.ts';
import type { RegistryAddress, SignInResult } from '../registry/types.ts';
import { explainBusyServer } from '../registry/errors/busyServer.ts';
import { asPlainWord, asText, parseJsonObject } from './restJson.ts';
import { explainSignInPage, redirectTarget } from '../registry/errors/signInPage.ts';

/** What a registry tells without being told who asks. */
export interface DetectedServer {
  readonly kind: SignInResult['kind'];
  /** Undefined if it is no Gitea, or one that tells its version only after sign-in. */
  readonly version: string | undefined;
  /** Where Gitea's pages and `/api/v1` were found: the address as given may be that of an owner's page. */
  readonly webRoot: string;
  readonly challenges: readonly Challenge[];
  /** GET `/v2/` was answered with 200 and without any challenge: nobody is asked who they are, for reading at least. */
  readonly open: boolean;
  /**
   * A Gitea that tells strangers nothing (REQUIRE_SIGNIN_VIEW): what a public owner has is then seen, and pulled, by those
   * who are signed in.
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

const mostHops = 2; // `/v2/` → `/v2`, and once more
const mostParts = 6; // of a path, in search of the install's place

/**
 * Finds out what is at an address by GET `/v2/`, and by GET `/api/v1/version` where that smells of Gitea. Rejects with
 * `notARegistry`, `plainHttp` (http asked, https wanted), `registryFailed`, or what the transport threw.
 */
export async function detectServer(options: DetectOptions): Promise<DetectedServer> {
  const { address } = options;
  const response = await askRegistry(options);
  const { challenges } = readErrorResponse(response, 'GET');
  if (!isRegistry(response, challenges)) throw await explainNotARegistry(options, response);
  const isGitea = challenges.some(({ parameters }) => parameters['service'] === 'container_registry');
  const open = response.status === 200 && challenges.length === 0;
  if (!isGitea) {
    const { webRoot } = address;
    return { kind: 'generic', version: undefined, webRoot, challenges, open, requiresSignIn: false };
  }
  const { version, webRoot, found } = await findApi(options);
  // Forgejo: `16.0.0+gitea-1.22.0`.
  const kind = version?.includes('+gitea-') === true ? 'forgejo' : 'gitea';
  return { kind, version, webRoot, challenges, open: false, requiresSignIn: found && version === undefined };
}

/** GET `/v2/`; a proxy that takes slashes away redirects it to `/v2` of the same place, and that is followed. */
async function askRegistry({ send, address, signal, retry }: DetectOptions): Promise<RegistryResponse> {
  let url = new URL(`${address.origin}/v2/`);
  for (let hop = 0; ; hop++) {
    const response = await send({ method: 'GET', url, signal, ...(retry === undefined ? {} : { retry }) });
    const place = redirectTarget(response);
    if (hop === mostHops || place?.origin !== address.origin || !isPing(place)) return response;
    url = place;
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
 * The REST API is below the sub-path of the install. What looks like one may be an owner's page, with or without a
 * sub-path before it, so that each beginning of the path is tried, the longest first.
 */
async function findApi({ send, address, signal }: DetectOptions): Promise<FoundApi> {
  for (const webRoot of beginnings(address)) {
    try {
      const url = new URL(`${webRoot}/api/v1/version`);
      const response = await send({ method: 'GET', url, signal, retry: 'never' });
      const body = parseJsonObject(response.body);
      const version = asPlainWord(body['version']);
      if (response.status === 200 && version !== undefined) return { version, webRoot, found: true };
      // Sign-in required for everything: the API is there, it only does not tell.
      const refusesStrangers = response.status === 401 || response.status === 403;
      if (refusesStrangers && asText(body['message']) !== undefined)
        return { version: undefined, webRoot, found: true };
    } catch (error) {
      if (isCancelled(error)) throw error;
    }
  }
  return { version: undefined, webRoot: address.webRoot, found: false };
}

/** `https://h/a/b` → itself, `https://h/a`, `https://h`; of a very long path its first parts. */
function beginnings({ origin, webRoot }: RegistryAddress): readonly string[] {
  const parts = webRoot
    .slice(origin.length)
    .split('/')
    .slice(1, 1 + mostParts);
  return [...parts.map((_, index) => `${origin}/${parts.slice(0, parts.length - index).join('/')}`), origin];
}

/** Something answers at `/v2/`, but not as a registry does. */
async function explainNotARegistry(options: DetectOptions, response: RegistryResponse): Promise<TeaChestError> {
  const { address } = options;
  const { host } = address;
  const told = explainPlainHttp(address, response) ?? explainMoved(address, response) ?? explainBusyServer(response);
  if (told !== undefined) return told;
  const { found, version } = await findApi(options);
  if (found) {
    // router.go: /v2 is not mounted when packages are off; sub-path installs must map it at the host's root (#21092).
    return new TeaChestError(
      'notARegistry',
      `${host} is a Gitea or Forgejo${version === undefined ? '' : ` (${version})`}, but its container registry does not ` +
        `answer at ${address.origin}/v2/ (${response.status}). Either packages are switched off there, or the proxy in ` +
        'front of it does not pass on /v2: for an install below a path it must be mapped at the root of the host.',
      { facts: { host, status: response.status, gitea: true } },
    );
  }
  const words = serverMessage(readErrorResponse(response, 'GET'));
  return (
    explainSignInPage(response, host) ??
    new TeaChestError(
      'notARegistry',
      `${host} answers, but not as a container registry: GET ${address.origin}/v2/ gave ${response.status}${words}.`,
      { facts: { host, status: response.status, gitea: false } },
    )
  );
}

/** http was asked, and the server says that https is wanted, in words or by sending us to its https address. */
function explainPlainHttp({ origin, host }: RegistryAddress, response: RegistryResponse): TeaChestError | undefined {
  if (!origin.startsWith('http:')) return undefined;
  // Go: “Client sent an HTTP request to an HTTPS server.” nginx: “The plain HTTP request was sent to HTTPS port”.
  const { bodyText } = readErrorResponse(response, 'GET');
  const wantsTls = response.status === 400 && /http request .*https (?:server|port)/i.test(bodyText);
  const place = redirectTarget(response);
  const sent = place?.protocol === 'https:' && place.hostname === new URL(origin).hostname;
  if (!wantsTls && !sent) return undefined;
  const suggestion = sent ? place.origin : `https://${host}`;
  return new TeaChestError('plainHttp', `${host} wants https, not plain http. Use ${suggestion}.`, {
    facts: { host, suggestion },
  });
}

/** A redirect: to a registry at another address, which the person has to choose, or to a page where people sign in. */
function explainMoved({ host, origin }: RegistryAddress, response: RegistryResponse): TeaChestError | undefined {
  const place = redirectTarget(response);
  if (place === undefined) return undefined;
  if (!isPing(place)) return explainSignInPage(response, host);
  if (place.origin === origin) {
    const what = `${host} redirects GET /v2/ to itself again and again: the proxy in front of it is not set up right.`;
    return new TeaChestError('notARegistry', what, { facts: { host, status: response.status } });
  }
  return new TeaChestError(
    'notARegistry',
    `${host} sends us on to another address, ${place.origin}. Nothing was sent there: sign in with that address if it is ` +
      'the right one.',
    { facts: { host, status: response.status, suggestion: place.origin } },
  );
}
