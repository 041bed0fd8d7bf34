import type { SecretStorage } from 'vscode';

/**
 * VS Code's secret storage, with a fallback for machines without a keyring: secrets that cannot be stored stay in memory
 * until the window closes. `onSessionOnly` is called the first time.
 */
export class SessionSecrets implements SecretStorage {
  readonly #storage: SecretStorage;
  readonly #onSessionOnly: (reason: string) => void;
  readonly #session = new Map<string, string>();
  /** Keys of secrets that must not be stored, although they could be. */
  readonly #notStored = new Set<string>();
  #isReported = false;

  constructor(storage: SecretStorage, onSessionOnly: (reason: string) => void) {
    this.#storage = storage;
    this.#onSessionOnly = onSessionOnly;
  }

  get onDidChange(): SecretStorage['onDidChange'] {
    return this.#storage.onDidChange;
  }

  async keys(): Promise<string[]> {
    const stored = await Promise.resolve(this.#storage.keys()).catch(() => []);
    return [...new Set([...stored, ...this.#session.keys()])];
  }

  async get(key: string): Promise<string | undefined> {
    return this.#session.get(key) ?? (await this.#read(key));
  }

  async store(key: string, value: string): Promise<void> {
    try {
      await this.#storage.store(key, value);
      this.#notStored.delete(key);
      this.#session.delete(key);
    } catch (error) {
      this.#session.set(key, value);
      if (!this.#isReported) this.#onSessionOnly(error instanceof Error ? error.message : String(error));
      this.#isReported = true;
    }
  }

  /** Keeps a secret in memory until the window closes, and removes a stored one. */
  async storeForSession(key: string, value: string): Promise<void> {
    await this.delete(key);
    this.#session.set(key, value);
    this.#notStored.add(key);
  }

  /** True for a secret of `storeForSession`. */
  isSessionOnly(key: string): boolean {
    return this.#notStored.has(key);
  }

  /** Rejects only if the secret still exists: the sign-out has failed then. */
  async delete(key: string): Promise<void> {
    this.#session.delete(key);
    this.#notStored.delete(key);
    try {
      await this.#storage.delete(key);
    } catch (error) {
      if ((await this.#read(key)) !== undefined) throw error;
    }
  }

  /** Undefined for a secret that cannot be read: the person signs in again. */
  async #read(key: string): Promise<string | undefined> {
    try {
      return await this.#storage.get(key);
    } catch {
      return undefined;
    }
  }
}
