import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import type { EnginePusher } from '../ports/enginePusher.ts';
import type { RelaySession } from './relayEndpoint.ts';

/** An engine that did not reach us is tried again after this time: it may only have been busy. */
const retryAfterMs = 10 * 60 * 1000;
/** Timeout of an engine's first request, which is for `/v2/`. */
const firstProbeTimeoutMs = 2_000;
/** The same for an engine that has reached us before. */
const laterProbeTimeoutMs = 15_000;

/**
 * Remembers whether an engine reaches our loopback. Only a request that arrives proves it: with Docker Desktop, WSL, ssh
 * or a remote engine, the engine's 127.0.0.1 is not ours.
 */
export class Reachability {
  readonly #now: () => number;
  readonly #reached = new Set<string>();
  readonly #missedAt = new Map<string, number>();

  /** `now`: in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** False for some time after a failure. */
  isWorthTrying(engineId: string): boolean {
    const missed = this.#missedAt.get(engineId);
    return missed === undefined || this.#now() - missed > retryAfterMs;
  }

  /** Timeout of the engine's first request; `isRequired`: the image may not be exported instead. */
  firstRequestTimeoutMs(engineId: string, isRequired = false): number {
    return isRequired || this.#reached.has(engineId) ? laterProbeTimeoutMs : firstProbeTimeoutMs;
  }

  reached(engineId: string): void {
    this.#missedAt.delete(engineId);
    this.#reached.add(engineId);
  }

  missed(engineId: string): void {
    this.#reached.delete(engineId);
    this.#missedAt.set(engineId, this.#now());
  }
}

/**
 * Makes the engine send a probe to our endpoint, and resolves when it arrives here. An engine in another network namespace,
 * for example behind a socket that is mounted into a container, has a loopback of its own: a process that listens there at
 * our port would receive the relay's secret and the image. So the probe has a credential that serves this check alone.
 * Rejects with `engineLost` if nothing arrives within `timeoutMs`.
 */
export async function checkReachable(
  pusher: Pick<EnginePusher, 'sendProbe'>,
  session: RelaySession,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const arrived = new AbortController();
  const probe = session.expectProbe(() => {
    arrived.abort();
  });
  try {
    await pusher.sendProbe(probe.name, probe.credential, {
      signal: AbortSignal.any([signal, arrived.signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    // The engine did not find the image, or was stopped because its request has arrived.
    if (signal.aborted) throw error;
  } finally {
    probe.end();
  }
  if (!arrived.signal.aborted) throw new TeaChestError('engineLost', l10n.t('The engine did not reach this endpoint.'));
}
