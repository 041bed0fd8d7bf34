/** Data about a registry that is removed when the person signs out of it. */
interface RegistryData {
  forgetRegistry(origin: string): Promise<void> | void;
}

export interface CleanupOptions {
  readonly store: { list(): readonly { readonly origin: string }[]; remove(origin: string): Promise<void> };
  /** Cancels the pushes there and waits until they have cleaned up. They need the credential for that. */
  readonly stopPushes: (origin: string) => Promise<void>;
  /** All other data: clients with their tokens, targets, link rates, the digest cache. */
  readonly data: readonly RegistryData[];
}

/** Removes everything about a registry after a sign-out, in this window or another one. */
export class RegistryCleanup {
  readonly #options: CleanupOptions;
  #origins: ReadonlySet<string>;

  constructor(options: CleanupOptions) {
    this.#options = options;
    this.#origins = this.#savedOrigins();
  }

  /** Tries every step, the credential first, and then throws the first failure. */
  async signOut(origin: string): Promise<void> {
    this.#origins = new Set([...this.#origins].filter((one) => one !== origin));
    await this.#remove(origin, [(one) => this.#options.store.remove(one)]);
  }

  /** Cleans up after other windows' sign-outs. Call it when the saved registries may have changed. */
  async removeSignedOut(): Promise<void> {
    const saved = this.#savedOrigins();
    const removed = [...this.#origins].filter((origin) => !saved.has(origin));
    this.#origins = saved;
    for (const origin of removed) await this.#remove(origin, []);
  }

  #savedOrigins(): ReadonlySet<string> {
    return new Set(this.#options.store.list().map(({ origin }) => origin));
  }

  async #remove(origin: string, first: readonly ((origin: string) => Promise<void>)[]): Promise<void> {
    const { stopPushes, data } = this.#options;
    const failures: unknown[] = [];
    const steps = [stopPushes, ...first, ...data.map((one) => (from: string) => one.forgetRegistry(from))];
    for (const step of steps) {
      try {
        await step(origin);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
