import type { Disposable, Memento } from 'vscode';
import { isRecord } from '../record.ts';
import type { FileState } from '../state/fileState.ts';

const prefix = 'teaChest.signIn ';

/** What a window of this machine did last with a registry. */
export interface SignInRecord {
  readonly isSignedIn: boolean;
  /** The registry asks nobody who they are: there is no secret. */
  readonly isOpen: boolean;
}

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
    const row = this.#state.get<unknown>(prefix + origin);
    if (!isRecord(row)) return undefined;
    return { isSignedIn: row['isSignedIn'] === true, isOpen: row['isOpen'] === true };
  }

  async set(origin: string, record: SignInRecord): Promise<void> {
    await this.#state.update(prefix + origin, record);
  }

  onDidChange(listener: () => void): Pick<Disposable, 'dispose'> {
    return this.#state.watch(listener);
  }
}
