import type { SecretStorage } from 'vscode';

/**
 * VS Code's secret storage, which needs a keyring that a machine may not have: then what cannot be kept is held in memory
 * until the window closes, and `onSessionOnly` tells the person, once.
 */
export class SessionSecrets implements SecretStorage {
  readonly #kept: SecretStorage;
  readonly #onSessionOnly: (reason: string) => void;
  readonly #session = new Map<string, string>();
  #isTold = false;

  constructor(kept: SecretStorage, onSessionOnly: (reason: string) => void) {
    this.#kept = kept;
    this.#onSessionOnly = onSessionOnly;
  }

  get onDidChange(): SecretStorage['onDidChange'] {
    return this.#kept.onDidChange;
  }

  async keys(): Promise<string[]> {
    const kept = await Promise.resolve(this.#kept.keys()).catch(() => []);
    return [...new Set([...kept, ...this.#session.keys()])];
  }

  async get(key: string): Promise<string | undefined> {
    return this.#session.get(key) ?? (await this.#read(key));
  }

  async store(key: string, value: string): Promise<void> {
    try {
      await this.#kept.store(key, value);
      this.#session.delete(key);
    } catch (error) {
      this.#session.set(key, value);
      if (!this.#isTold) this.#onSessionOnly(error instanceof Error ? error.message : String(error));
      this.#isTold = true;
    }
  }

  /** Rejects only if the secret is still there: signing out must not seem to have worked then. */
  async delete(key: string): Promise<void> {
    this.#session.delete(key);
    try {
      await this.#kept.delete(key);
    } catch (error) {
      if ((await this.#read(key)) !== undefined) throw error;
    }
  }

  /** A secret that cannot be read is one that is not there: the person signs in again. */
  async #read(key: string): Promise<string | undefined> {
    try {
      return await this.#kept.get(key);
    } catch {
      return undefined;
    }
  }
}
