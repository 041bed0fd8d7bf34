export interface FetchedToken {
  readonly value: string;
  /** Undefined if the server does not state it: then the token is used until the registry refuses it. */
  readonly lifetimeMs: number | undefined;
}

/** A token is not used in its last milliseconds, at most so many: a chunk that has begun must be able to finish. */
const longestMargin = 10 * 60_000;

/** Tokens by their key (`AuthScheme.keyOf`). Concurrent callers that need the same token cause one fetch. */
export class TokenCache {
  readonly #now: () => number;
  readonly #tokens = new Map<string, { value: string; usableUntil: number }>();
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(key: string, fetch: () => Promise<FetchedToken>): Promise<string> {
    const held = this.#tokens.get(key);
    if (held !== undefined && this.#now() < held.usableUntil) return held.value;
    const running = this.#fetching.get(key) ?? this.#fetch(key, fetch);
    return running;
  }

  /** Removes a token that was refused, unless a newer one has replaced it. */
  drop(value: string): void {
    for (const [key, held] of this.#tokens) if (held.value === value) this.#tokens.delete(key);
  }

  #fetch(key: string, fetch: () => Promise<FetchedToken>): Promise<string> {
    const running = fetch()
      .then(({ value, lifetimeMs }) => {
        const margin = lifetimeMs === undefined ? 0 : Math.min(longestMargin, lifetimeMs / 3);
        this.#tokens.set(key, { value, usableUntil: this.#now() + (lifetimeMs ?? Infinity) - margin });
        return value;
      })
      .finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, running);
    return running;
  }
}
