import * as v from 'valibot';
import type { Disposable, Memento } from 'vscode';
import { readValue } from '../../core/base/json.ts';
import type { FileState } from '../state/fileState.ts';

const prefix = 'teaChest.signIn ';

const signInRecord = v.object({
  isSignedIn: v.fallback(v.boolean(), false),
  /** No secret is stored: the registry needs no sign-in, or one window keeps the secret for itself. */
  isOpen: v.fallback(v.boolean(), false),
});

/** The last sign-in or sign-out at a registry, by any window of this machine. */
export type SignInRecord = Readonly<v.InferOutput<typeof signInRecord>>;

/**
 * Shares sign-ins and sign-outs among the windows of this machine. VS Code's event for a removed secret does not fire in
 * every host, and a registry that needs no sign-in has no secret.
 */
export class SignInRecords {
  readonly #state: Memento & Pick<FileState, 'watch'>;

  constructor(state: Memento & Pick<FileState, 'watch'>) {
    this.#state = state;
  }

  get(origin: string): SignInRecord | undefined {
    return readValue(signInRecord, this.#state.get(prefix + origin));
  }

  async set(origin: string, record: SignInRecord): Promise<void> {
    await this.#state.update(prefix + origin, record);
  }

  onDidChange(listener: () => void): Pick<Disposable, 'dispose'> {
    return this.#state.watch(listener);
  }
}
