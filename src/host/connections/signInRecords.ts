import * as v from 'valibot';
import type { Disposable, Memento } from 'vscode';
import { readValue } from '../../core/base/json.ts';
import type { FileState } from '../state/fileState.ts';

const prefix = 'teaChest.signIn ';

const signInRecord = v.object({
  isSignedIn: v.fallback(v.boolean(), false),
  /** The registry asks nobody who they are: there is no secret. */
  isOpen: v.fallback(v.boolean(), false),
});

/** What a window of this machine did last with a registry. */
export type SignInRecord = Readonly<v.InferOutput<typeof signInRecord>>;

/**
 * Tells all windows of this machine what one of them did. VS Code tells of a secret that is gone, but not in every host,
 * and not at all where a registry has none.
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
