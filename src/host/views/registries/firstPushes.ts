import type { Logger } from '../../../core/base/logger.ts';
import type { Destination } from '../../targets/target.ts';
import type { RegistriesTreeView } from './registriesTreeView.ts';

interface FirstPushesDependencies {
  readonly registriesView: Pick<RegistriesTreeView, 'showPushed'>;
  readonly logger: Logger;
}

/** Shows in the Registries view where the first push to a registry went. After later ones the view stays as it is. */
export class FirstPushes {
  readonly #dependencies: FirstPushesDependencies;
  /** Those that are not shown yet, by the registry's origin. */
  readonly #waiting = new Map<string, Destination>();

  constructor(dependencies: FirstPushesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Of images that are pushed there at the same time, the first one counts. */
  add(first: Destination): void {
    const { origin } = first.connection;
    if (!this.#waiting.has(origin)) this.#waiting.set(origin, first);
  }

  /** To be called once the view lists what was pushed: an update while a row is being selected would undo that. */
  async show(): Promise<void> {
    const { registriesView, logger } = this.#dependencies;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { connection, target } of all) {
      const { repository, tag } = target;
      try {
        await registriesView.showPushed({ origin: connection.origin, repository, tag });
      } catch (error) {
        logger.debug(`The pushed image could not be shown in the Registries view: ${String(error)}`);
      }
    }
  }
}
