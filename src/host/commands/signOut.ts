import * as l10n from '@vscode/l10n';
import { describeConnection, type Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { AuthService } from '../connections/signIn.ts';
import { askModal, showInformation } from '../display/messages.ts';
import { pickOne } from '../input/prompts.ts';
import type { RegistryCleanup } from '../registry/registryCleanup.ts';
import { readSignOutArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

export interface SignOutDependencies {
  readonly auth: Pick<AuthService, 'parse'>;
  readonly store: Pick<ConnectionStore, 'list'>;
  readonly cleanup: Pick<RegistryCleanup, 'signOut'>;
}

/**
 * `teaChest.signOut`. With a url it asks nothing, and it is no error to be signed out already. Without one the person
 * picks a registry and confirms.
 */
export async function signOutCommand(dependencies: SignOutDependencies, argument: unknown): Promise<void> {
  if (argument === undefined) {
    const connection = await pickConnection(dependencies.store);
    if (connection !== undefined) await confirmSignOut(dependencies, connection);
    return;
  }
  try {
    const { url } = readSignOutArguments(argument);
    await dependencies.cleanup.signOut(dependencies.auth.parse(url).origin);
  } catch (error) {
    throw toRejection(error, 'signIn');
  }
}

/** Signs out if the person confirms it. */
export async function confirmSignOut(
  { cleanup }: Pick<SignOutDependencies, 'cleanup'>,
  { host, origin, username }: Connection,
): Promise<void> {
  const detail =
    username === ''
      ? l10n.t(
          'Its address, the trust in the server’s certificate, and what Tea Chest remembers of pushes there are removed from this machine. Images in the registry stay.',
        )
      : l10n.t`The credential of ${username}, the trust in the server’s certificate, and what Tea Chest remembers of pushes there are removed from this machine. Images in the registry stay.`;
  if (await askModal(l10n.t`Sign out of ${host}?`, [detail], l10n.t('Sign Out'))) await cleanup.signOut(origin);
}

async function pickConnection(store: SignOutDependencies['store']): Promise<Connection | undefined> {
  const rows = store.list().map((connection) => ({
    label: connection.host,
    description: describeConnection(connection),
    value: connection,
  }));
  if (rows.length > 0) return await pickOne(rows, { title: l10n.t('Sign Out of a Registry') });
  void showInformation(l10n.t('You are not signed in to any registry.'), []);
  return undefined;
}
