import * as v from 'valibot';
import type { Memento } from 'vscode';
import { listOf, readValue } from '../../core/base/json.ts';
import type { Connection } from '../connections/connection.ts';
import { hasOwners } from './settleTarget.ts';
import type { Destination } from './target.ts';

const stateKey = 'teaChest.publicOwners';

/** Owners by origin. */
const storedOwners = v.record(v.string(), listOf(v.string()));

/**
 * On Gitea an image is as visible as its owner, even if it is linked to a private repository. So the person confirms the
 * first push to each public owner. Confirmed owners are stored by origin.
 */
export class PublicOwners {
  readonly #state: Memento;
  readonly #isPublic: (connection: Connection, owner: string) => Promise<boolean>;
  readonly #ask: (message: string, detail: readonly string[], yes: string) => Promise<boolean>;

  constructor(
    state: Memento,
    isPublic: (connection: Connection, owner: string) => Promise<boolean>,
    ask: (message: string, detail: readonly string[], yes: string) => Promise<boolean>,
  ) {
    this.#state = state;
    this.#isPublic = isPublic;
    this.#ask = ask;
  }

  /** True if the push may continue. */
  async confirm(destination: Destination): Promise<boolean> {
    const { connection } = destination;
    const owner = ownerOf(destination);
    const confirmed = this.#rows()[connection.origin] ?? [];
    if (confirmed.includes(owner) || !(await this.isPublic(destination))) return true;
    const isConfirmed = await this.#ask(
      `${owner} on ${connection.host} is public. Push there?`,
      [
        `Everybody who can reach this server can pull this image, and every other one of ${owner}.`,
        'You are asked once for each owner.',
      ],
      'Push',
    );
    if (isConfirmed)
      await this.#state.update(stateKey, { ...this.#rows(), [connection.origin]: [...confirmed, owner] });
    return isConfirmed;
  }

  /** True if everybody who can reach the registry can pull what is pushed there. */
  async isPublic(destination: Destination): Promise<boolean> {
    const { connection } = destination;
    return hasOwners(connection.kind) && (await this.#isPublic(connection, ownerOf(destination)));
  }

  /** Part of signing out of a registry. */
  async forgetRegistry(origin: string): Promise<void> {
    const rows = Object.entries(this.#rows()).filter(([key]) => key !== origin);
    await this.#state.update(stateKey, rows.length === 0 ? undefined : Object.fromEntries(rows));
  }

  #rows(): Readonly<Record<string, readonly string[]>> {
    return readValue(storedOwners, this.#state.get(stateKey)) ?? {};
  }
}

function ownerOf({ target: { repository } }: Destination): string {
  return repository.slice(0, repository.indexOf('/')).toLowerCase();
}
