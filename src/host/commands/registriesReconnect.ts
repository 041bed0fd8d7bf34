import { reconnect } from '../connections/reconnect.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { noteRemedy } from '../views/registries/noteLabel.ts';
import type { RegistriesView } from '../views/registries/registriesView.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';

export interface ReconnectDependencies extends AskSignInDependencies {
  readonly registriesView: Pick<RegistriesView, 'update'>;
}

/** `teaChest.registries.reconnect`: applies the remedy that the row of a failed registry offers, and lists it again. */
export async function registriesReconnectCommand(
  dependencies: ReconnectDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'note' || node.failure === undefined) return;
  const { connection, error } = node.failure;
  try {
    const { kind } = noteRemedy(error);
    if (kind !== 'retry') await reconnect(dependencies, connection, kind);
    dependencies.registriesView.update();
  } catch (failure) {
    void reportFailure(failure, { retry: () => registriesReconnectCommand(dependencies, node) });
  }
}
