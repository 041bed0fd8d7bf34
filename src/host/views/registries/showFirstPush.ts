import type { Logger } from '../../../core/base/logger.ts';
import type { Destination } from '../../targets/target.ts';
import type { TargetMemory } from '../../targets/targetMemory.ts';
import type { RegistriesTreeView } from './registriesTreeView.ts';

interface FirstPushDependencies {
  readonly memory: Pick<TargetMemory, 'hasOnly'>;
  readonly registriesView: Pick<RegistriesTreeView, 'showPushed'>;
  readonly logger: Logger;
}

/** Shows in the Registries view where the first push to a registry went. After later ones the view stays as it is. */
export async function showFirstPush(
  { memory, registriesView, logger }: FirstPushDependencies,
  pushed: readonly Destination[],
): Promise<void> {
  const [first] = pushed;
  if (first === undefined) return;
  const { origin } = first.connection;
  const there = pushed.filter(({ connection }) => connection.origin === origin).map(({ target }) => target);
  const { repository, tag } = first.target;
  if (!memory.hasOnly(origin, there)) return;
  try {
    await registriesView.showPushed({ origin, repository, tag });
  } catch (error) {
    logger.debug(`The pushed image could not be shown in the Registries view: ${String(error)}`);
  }
}
