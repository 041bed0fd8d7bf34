/** How long an engine that was not reached is left alone, in milliseconds: it may only have been busy. */
const forgetAfter = 10 * 60 * 1000;
/** The first request must come within this time: the engine asks for `/v2/` before anything else. */
const firstMeeting = 2_000;
/** An engine that is known to reach us may take longer to begin, when it is busy. */
const laterMeeting = 15_000;

/**
 * Remembers whether an engine reaches our loopback. The only proof is a request of a real push that arrives: with Docker
 * Desktop, WSL, ssh or a remote engine its 127.0.0.1 is another one than ours. Time in milliseconds.
 */
export class Reachability {
  readonly #now: () => number;
  readonly #reached = new Set<string>();
  readonly #missedAt = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False if it was tried lately, in vain. */
  isWorthTrying(engineId: string): boolean {
    const missed = this.#missedAt.get(engineId);
    return missed === undefined || this.#now() - missed > forgetAfter;
  }

  /** How long to wait for an engine's first request; `isInsisted`: there is no other way to be taken instead. */
  firstRequestTimeoutMs(engineId: string, isInsisted = false): number {
    return isInsisted || this.#reached.has(engineId) ? laterMeeting : firstMeeting;
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
