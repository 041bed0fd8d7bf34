import { orCancelled, sleep } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ReadConnectionTimes } from '../ports/connectionTimes.ts';
import { Authenticator, withAuth, type AuthScheme, type ReadCredential } from '../registry/auth/authenticator.ts';
import type { Challenge } from '../registry/auth/challenge.ts';
import { ChunkSizer, type ChunkMemory } from '../registry/upload/chunkSizer.ts';
import { distributionScheme } from '../registry/auth/distributionScheme.ts';
import { explainErrorResponse } from '../registry/errors/explainErrorResponse.ts';
import { ShortestAnswer, withAnswerTimes } from '../registry/http/answerTimes.ts';
import { withLogging } from '../registry/http/logging.ts';
import type { Send } from '../registry/http/httpTypes.ts';
import type { Environment } from '../registry/http/proxy.ts';
import { withOwnRedirects, withRedirects } from '../registry/http/redirects.ts';
import { Repository } from '../registry/repository.ts';
import { repositoryUrl, type RepositoryContext } from '../registry/repositoryContext.ts';
import { watchMoves } from '../registry/watchMoves.ts';
import {
  browseRetries,
  remedyFor,
  usualRetries,
  withRetry,
  type RetryPolicy,
  type Timing,
} from '../registry/http/retry.ts';
import { withSessionObserver, type SessionObserver } from '../registry/upload/sessionObserver.ts';
import { SingleFlight } from '../base/singleFlight.ts';
import { createTransport, type Transport } from '../registry/http/transport.ts';
import { closeSession } from '../registry/upload/uploadSession.ts';
import type { ProxySettings, RegistryAddress, RegistryTrust, SignInResult } from '../registry/types.ts';
import { catalogPages } from '../registry/catalog.ts';
import type { RegistryContents } from './browse/registryContents.ts';
import { GiteaApi } from './giteaApi.ts';
import { PackagesApi } from './packagesApi.ts';
import { RestClient } from './restClient.ts';
import { checkSignIn } from './checkSignIn.ts';
import { createAccessToken, type TokenRequest } from './createAccessToken.ts';
import { detectServer, type DetectedServer } from './detectServer.ts';
import { giteaScheme } from './giteaTokens.ts';
import { readAudience, type Audience } from './readAudience.ts';
import { tryOtherScheme } from '../registry/http/tryOtherScheme.ts';
import { explainGiteaError } from './explainGiteaError.ts';

export interface RegistryClientOptions {
  readonly address: RegistryAddress;
  readonly trust: RegistryTrust;
  readonly proxy: ProxySettings;
  /** Read again for each login, so that a change takes effect; undefined if not signed in. */
  readonly credential: ReadCredential;
  readonly logger: Logger;
  readonly chunkMemory: ChunkMemory;
  /** Gets the measured rate of uploads, in bytes per second. */
  readonly onLinkRate?: (bytesPerSecond: number) => void;
  /** Gets the milliseconds that each answer to a request without a body took, its connection included. */
  readonly onAnswer?: (ms: number) => void;
  /** Absent where the operating system does not count them. */
  readonly readConnectionTimes?: ReadConnectionTimes | undefined;
  /** For HTTPS_PROXY and the like. */
  readonly environment: Environment;
  /** `tea-chest/1.2.3` */
  readonly userAgent: string;
  readonly retries?: RetryPolicy;
  readonly timing?: Timing;
}

/** The client of one registry, Gitea or not. Holds connections, tokens and what it knows of the server; must be closed. */
export interface RegistryClient {
  readonly address: RegistryAddress;
  /** Checks address and credential, without retries. */
  checkSignIn(call: { readonly signal: AbortSignal }): Promise<SignInResult>;
  /** Makes an access token on Gitea, by the credential of the request. */
  createToken(request: TokenRequest, call: { readonly signal: AbortSignal }): Promise<string>;
  /** Detected once. */
  server(call: { readonly signal: AbortSignal }): Promise<DetectedServer>;
  /** `name`: `owner/name`, as `checkTarget` returns it. */
  repository(
    name: string,
    call: { readonly signal: AbortSignal; readonly sessions?: SessionObserver | undefined },
  ): Promise<Repository>;
  /**
   * Closes upload sessions of a repository that were left open, best effort. Rejects if the registry cannot be reached: try
   * again later.
   */
  closeSessions(repository: string, sessions: readonly URL[], call: { readonly signal: AbortSignal }): Promise<void>;
  /** Gitea's REST API; other registries have none. */
  readonly api: GiteaApi;
  /** Container packages by the REST API. */
  readonly packages: PackagesApi;
  /** For reading and changing what the registry has, outside of a push. */
  contents(call: { readonly signal: AbortSignal }): Promise<RegistryContents>;
  /** On Gitea: who can pull the images of an owner. Undefined if the server does not say. */
  audienceOf(owner: string, call: { readonly signal: AbortSignal }): Promise<Audience | undefined>;
  /** Ends all connections. Calls that run, and later ones, reject with `cancelled`; nothing is tried again. */
  close(): Promise<void>;
}

/** The registry with one policy of retries: what it is, and requests to it. */
interface Route {
  /** Without a credential. */
  readonly plain: Send;
  readonly send: Send;
  /** Detected once for both routes, also by calls at the same time; again only if browsing has given up. */
  readonly detected: SingleFlight<DetectedServer>;
  readonly webRoot: (signal: AbortSignal) => Promise<string>;
}

const realTiming: Timing = { now: Date.now, sleep, random: Math.random };

export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { address, credential, logger } = options;
  const closing = new AbortController();
  const timing = untilClosed(options.timing ?? realTiming, closing.signal);
  const transport = createTransport(options);
  const answers = new ShortestAnswer(options.onAnswer);
  const logged = withLogging(withAnswerTimes(transport.send, answers.add, timing.now), logger, timing.now);
  const { origin } = address;
  const parts = { ...{ address, credential, timing, logger }, send: logged, closed: closing.signal };
  const browsing = createRoute(options.retries ?? browseRetries, parts);
  const pushing = createRoute(options.retries ?? usualRetries, parts, browsing.detected);
  const { plain, webRoot } = browsing;
  const sizer = new ChunkSizer(origin, options.chunkMemory, { onRate: options.onLinkRate, now: timing.now });
  const rest = new RestClient({ send: withOwnRedirects(plain, origin), webRoot, credential });
  const api = new GiteaApi(rest, credential);
  const packages = new PackagesApi(rest);
  const connectionTimes = timesOf(transport, options.readConnectionTimes, closing.signal);
  const shared = { origin, logger, timing, connectionTimes, shortestAnswer: () => answers.ms };

  const openBy =
    ({ send, detected: known }: Route): RegistryClient['repository'] =>
    async (repository, { signal, sessions }) => {
      const { kind } = await known.get(signal);
      const explain = kind === 'generic' ? explainErrorResponse : explainGiteaError;
      const observed = sessions === undefined ? send : withSessionObserver(send, origin, sessions);
      const watched = watchMoves(observed, { origin, repository });
      return new Repository(kind, { ...shared, ...watched, repository, explain, unclosed: new Set() }, sizer);
    };

  return {
    address,
    api,
    packages,
    server: async ({ signal }) => pushing.detected.get(signal),
    ...signInCalls({ ...options, send: logged }),
    repository: openBy(pushing),
    contents: async ({ signal }) => {
      const { kind } = await browsing.detected.get(signal);
      const { send } = browsing;
      const catalog: RegistryContents['catalog'] = (call, after) => catalogPages({ send, origin, ...call, after });
      const rows = kind === 'generic' ? undefined : packages;
      return { kind, host: address.host, packages: rows, open: openBy(browsing), catalog };
    },
    closeSessions: async (repository, sessions, { signal }) => {
      await pushing.detected.get(signal);
      const context = {
        ...shared,
        send: pushing.send,
        repository,
        explain: explainErrorResponse,
        unclosed: new Set<string>(),
      };
      await closeSessionsOf(context, sessions, signal);
    },
    audienceOf: async (owner, { signal }) =>
      readAudience(owner, { send: withOwnRedirects(plain, origin), webRoot: await webRoot(signal), api, signal }),
    close: async () => {
      closing.abort();
      await transport.close();
    },
  };
}

interface RouteParts extends Pick<RegistryClientOptions, 'address' | 'credential' | 'logger'> {
  readonly send: Send;
  readonly timing: Timing;
  readonly closed: AbortSignal;
}

/** `browsing`: what the route for browsing detects. It tries less often, so that this route goes on where it has failed. */
function createRoute(
  policy: RetryPolicy,
  { address, credential, logger, timing, ...parts }: RouteParts,
  browsing?: SingleFlight<DetectedServer>,
): Route {
  const { origin } = address;
  const { closed } = parts;
  const plain = withRetry(parts.send, policy, timing, logger);
  const detect = (): Promise<DetectedServer> => detectServer({ send: plain, address, signal: closed });
  const detected = new SingleFlight(async () => {
    if (browsing === undefined) return await detect();
    try {
      return await browsing.get(closed);
    } catch (error) {
      if (!isWorthMoreTries(error)) throw error;
      return await detect();
    }
  });
  const webRoot = async (signal: AbortSignal): Promise<string> => (await detected.get(signal)).webRoot;
  const schemeFor = (challenges: readonly Challenge[]): AuthScheme =>
    challenges.some(({ parameters }) => parameters['service'] === 'container_registry')
      ? giteaScheme({ send: plain, origin, webRoot, credential })
      : distributionScheme(challenges, { send: plain, origin, credential });
  const authenticator = new Authenticator({
    askScheme: async (signal) => schemeFor((await detected.get(signal)).challenges),
    ...{ schemeFor, credential, host: address.host, now: timing.now, closed },
  });
  return { plain, send: withAuth(withRedirects(plain, origin), authenticator), detected, webRoot };
}

/** True if browsing has given up sooner than a push does. A busy registry (429, 503) gets the same time from both. */
function isWorthMoreTries(error: unknown): boolean {
  if (!(error instanceof TeaChestError) || remedyFor(error) !== 'retry') return false;
  const { status } = error.facts;
  return status !== 429 && status !== 503;
}

/** Each read starts a program. Images that are pushed to the same registry share its connections, and so a read that runs. */
function timesOf(
  transport: Transport,
  read: ReadConnectionTimes | undefined,
  closed: AbortSignal,
): NonNullable<RepositoryContext['connectionTimes']> {
  let running: ReturnType<ReadConnectionTimes> | undefined;
  return async ({ signal }) => {
    running ??= read?.(transport.localPorts(), { signal: closed }).finally(() => {
      running = undefined;
    });
    // A cancelled image needs no answer any more.
    return await (running && orCancelled(running, signal).catch(() => undefined));
  };
}

/** The waits between tries end when the client is closed. */
function untilClosed(timing: Timing, closed: AbortSignal): Timing {
  return { ...timing, sleep: async (ms, signal) => timing.sleep(ms, AbortSignal.any([signal, closed])) };
}

/** What a person who signs in waits for. Without retries. */
function signInCalls(
  options: RegistryClientOptions & { readonly send: Send },
): Pick<RegistryClient, 'checkSignIn' | 'createToken'> {
  const { address, send, credential, logger } = options;
  const { origin } = address;
  return {
    checkSignIn: async ({ signal }) => {
      const server = await detectNow({ ...options, signal });
      const webRoot = async (): Promise<string> => Promise.resolve(server.webRoot);
      const api = new GiteaApi(
        new RestClient({ send: withOwnRedirects(send, origin), webRoot, credential }),
        credential,
      );
      return checkSignIn({ send, server, origin, credential, api, logger, signal });
    },
    createToken: async (request, { signal }) => {
      const { webRoot } = await detectNow({ ...options, signal });
      return createAccessToken({ send, webRoot, signal }, request);
    },
  };
}

/** The credential is sent to its own registry and nowhere else, whatever addresses are given. */
async function closeSessionsOf(
  context: RepositoryContext,
  sessions: readonly URL[],
  signal: AbortSignal,
): Promise<void> {
  const own = sessions.filter((session) => isSessionOf(context, session));
  await Promise.all(own.map((session) => closeSession(context, session, signal)));
}

function isSessionOf(context: RepositoryContext, session: URL): boolean {
  const { origin, pathname } = repositoryUrl(context, 'blobs/uploads/');
  return session.origin === origin && session.pathname.startsWith(pathname);
}

/** For a person who waits: one try, and then one by the other scheme (http or https). */
async function detectNow(
  options: RegistryClientOptions & {
    readonly send: Send;
    readonly signal: AbortSignal;
  },
): Promise<DetectedServer> {
  try {
    return await detectServer({ send: options.send, address: options.address, signal: options.signal, retry: 'never' });
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    throw await tryOtherScheme(error, options);
  }
}
