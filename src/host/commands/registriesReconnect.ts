import { reconnect } from '../connections/reconnect.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import { noteRemedy } from '../views/registries/noteLabel.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import { addOwner } from './registriesAddOwner.ts';
import type { RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.reconnect`: applies the remedy that the row of a failed registry offers, and lists it again. */
export async function registriesReconnectCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'note' || node.failure === undefined) return;
  const { connection, error } = node.failure;
  try {
    const { kind } = noteRemedy(error);
    if (kind === 'addOwner') await addOwner(dependencies, connection);
    else if (kind !== 'retry') await reconnect(dependencies, connection, kind);
    dependencies.registriesView.update();
  } catch (failure) {
    void reportFailure(failure, { retry: () => registriesReconnectCommand(dependencies, node) });
  }
}
