/** Where something of a registry is kept. */
export interface CleanupOptions {
  /** The registries that are saved now, in whichever window they were. */
  readonly origins: () => readonly string[];
  /** Cancels pushes there and waits until they have tidied up, while the credential to do so is still there. */
  readonly stopPushes: (origin: string) => Promise<void>;
  /** The row and the secret. */
  readonly remove: (origin: string) => Promise<void>;
  /** Everything else: clients with their tokens, numbers, targets, the digest cache. */
  readonly others: readonly ((origin: string) => Promise<void> | void)[];
}

/** Removes all that this window knows of a registry, after a sign-out here or in another window. */
export class RegistryCleanup {
  readonly #keepers: CleanupOptions;
  #known: ReadonlySet<string>;

  constructor(keepers: CleanupOptions) {
    this.#keepers = keepers;
    this.#known = new Set(keepers.origins());
  }

  /** The secret first; what cannot be removed keeps nothing else from being removed, and is thrown at the end. */
  async forget(origin: string): Promise<void> {
    const { stopPushes, remove, others } = this.#keepers;
    this.#known = new Set([...this.#known].filter((one) => one !== origin));
    await removeFrom([stopPushes, remove, ...others], origin);
  }

  /** Call when the saved registries may be other ones: another window's sign-out counts here as well. */
  async follow(): Promise<void> {
    const { origins, stopPushes, others } = this.#keepers;
    const now = new Set(origins());
    const gone = [...this.#known].filter((origin) => !now.has(origin));
    this.#known = now;
    for (const origin of gone) await removeFrom([stopPushes, ...others], origin);
  }
}

async function removeFrom(
  keepers: readonly ((origin: string) => Promise<void> | void)[],
  origin: string,
): Promise<void> {
  const failures: unknown[] = [];
  for (const forget of keepers) {
    try {
      await forget(origin);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
