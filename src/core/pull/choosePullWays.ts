import type { EngineDescription, EnginePuller } from '../ports/enginePuller.ts';
import type { PullWay } from './pullEvents.ts';

/** What is known of the registry. */
export interface PullRegistry {
  readonly origin: string;
  /** `host[:port]`, as in references. */
  readonly host: string;
  /** The person trusts its certificate by fingerprint. */
  readonly isPinned: boolean;
  /** Its host is a name or an address of the loopback. */
  readonly isLoopback: boolean;
}

export interface WayFacts {
  readonly registry: PullRegistry;
  readonly needsCredential: boolean;
  readonly engine: Pick<EnginePuller, 'isConfidential' | 'whyNotLocal'>;
  readonly description: Pick<EngineDescription, 'isInsecure' | 'isRedirected'>;
  /** Why the engine is not asked to pull through the relay, as a sentence. */
  readonly relayObstacle: string | undefined;
}

export interface PullWays {
  /** In this order: the next one is taken if it can cure the failure of the one before. */
  readonly ways: readonly Exclude<PullWay, 'none'>[];
  /** For the log: why other ways are not among them, as sentences. */
  readonly reasons: readonly string[];
}

/** Decides by facts alone. An archive is always possible. */
export function choosePullWays(facts: WayFacts): PullWays {
  const direct = whyNotDirect(facts);
  const relay = facts.engine.whyNotLocal ?? facts.relayObstacle;
  return {
    ways: [
      ...(direct === undefined ? (['engine'] as const) : []),
      ...(relay === undefined ? (['relay'] as const) : []),
      'archive',
    ],
    reasons: [direct, relay].filter((reason) => reason !== undefined),
  };
}

/**
 * Why the engine does not pull from the registry itself. Its request has the credential: so it must reach the very registry
 * that we reach, by a connection that nobody on the way reads.
 */
function whyNotDirect({ registry, needsCredential, engine, description }: WayFacts): string | undefined {
  const { origin, host, isPinned, isLoopback } = registry;
  if (isLoopback) {
    return `${host} is this machine, which need not be what the engine reaches under that name.`;
  }
  if (isPinned) return `The certificate of ${host} is trusted by its fingerprint, which the engine does not know.`;
  const isHttps = origin.startsWith('https:');
  const { isInsecure } = description;
  if (!isHttps && !isInsecure) return `The engine does not allow http for ${host}.`;
  if (isHttps && isInsecure) {
    return `The engine would not check the certificate of ${host}, because its settings call that registry insecure.`;
  }
  if (needsCredential && description.isRedirected) {
    return `The engine’s settings have another address or mirrors for ${host}, which would get its credential.`;
  }
  if (needsCredential && !isHttps && engine.whyNotLocal !== undefined) {
    return `${host} is reached by http, and the engine may do that from another network, so the credential of the registry is not sent to it.`;
  }
  if (needsCredential && !engine.isConfidential) {
    return 'The engine is reached over the network without TLS, so the credential of the registry is not sent to it.';
  }
  return undefined;
}

/** What the engine says if it does not reach a registry, or not the way it wants: the messages of Go's net and crypto/tls. */
const curable =
  /x509:|tls:|certificate|server gave HTTP response to HTTPS client|no such host|lookup .+ on |connection refused|connection reset|i\/o timeout|TLS handshake timeout|Client\.Timeout|context deadline exceeded|network is unreachable|no route to host|proxyconnect|Temporary failure in name resolution|unexpected EOF/i;

/** True if another way may cure this failure of the engine's pull. */
export function helpsAnotherWay(message: string): boolean {
  return curable.test(message);
}
