export interface FetchedToken {
  readonly value: string;
  /** Milliseconds from now; undefined if the server does not tell: then it is used until it is refused. */
  readonly lifetime: number | undefined;
}

/** Milliseconds before its end at which a token counts as used up: a chunk that has begun must be able to finish. */
const longestMargin = 10 * 60_000;

/** Tokens by what they are for. Many callers that need one at the same time cause one fetch. */
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

  /** Forgets a token that was refused, unless a newer one has already taken its place. */
  drop(value: string): void {
    for (const [key, held] of this.#tokens) if (held.value === value) this.#tokens.delete(key);
  }

  #fetch(key: string, fetch: () => Promise<FetchedToken>): Promise<string> {
    const running = fetch()
      .then(({ value, lifetime }) => {
        const margin = lifetime === undefined ? 0 : Math.min(longestMargin, lifetime / 3);
        this.#tokens.set(key, { value, usableUntil: this.#now() + (lifetime ?? Infinity) - margin });
        return value;
      })
      .finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, running);
    return running;
  }
}
