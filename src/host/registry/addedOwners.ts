import * as v from 'valibot';
import type { Memento } from 'vscode';
import { isReferenceText } from '../../core/oci/imageReference.ts';
import type { Connection } from '../connections/connection.ts';
import { OriginValues } from './originValues.ts';

/**
 * Owners that the person has added to the Registries view, for each registry; of registries without owners, repositories.
 * Names that no reference can have are left out: the file is one that anybody can edit.
 */
export class AddedOwners {
  readonly #names: OriginValues<string[]>;

  constructor(state: Memento, isSaved: (origin: string) => boolean) {
    this.#names = new OriginValues(state, 'teaChest.addedOwners', v.array(v.string()), isSaved);
  }

  list({ origin, host }: Pick<Connection, 'origin' | 'host'>): readonly string[] {
    return (this.#names.get(origin) ?? []).filter((name) => isReferenceText(`${host}/${name}`));
  }

  add(connection: Pick<Connection, 'origin' | 'host'>, name: string): void {
    const names = this.list(connection);
    if (!names.includes(name)) this.#names.set(connection.origin, [...names, name].sort());
  }

  remove(connection: Pick<Connection, 'origin' | 'host'>, name: string): void {
    this.#names.set(
      connection.origin,
      this.list(connection).filter((one) => one !== name),
    );
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.#names.forgetRegistry(origin);
  }
}
