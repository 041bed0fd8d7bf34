import { describeConnection, type Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { AuthService } from '../connections/signIn.ts';
import { askModal, showInformation } from '../display/messages.ts';
import { pickOne } from '../input/prompts.ts';
import { readSignOutArguments } from './arguments.ts';
import { toRejection } from './rejection.ts';

export interface SignOutDependencies {
  readonly auth: AuthService;
  readonly store: ConnectionStore;
  /** Removes every trace of a registry, wherever it is kept. */
  readonly forget: (origin: string) => Promise<void>;
}

/** `teaChest.signOut`. With a url it asks nothing, and being signed out already is fine; without, a person picks and confirms. */
export async function signOutCommand(dependencies: SignOutDependencies, argument: unknown): Promise<void> {
  if (argument === undefined) {
    const connection = await pick(dependencies.store);
    if (connection !== undefined) await signOutAfterAsking(dependencies, connection);
    return;
  }
  try {
    const { url } = readSignOutArguments(argument);
    await dependencies.forget(dependencies.auth.parse(url).origin);
  } catch (error) {
    throw toRejection(error, 'signIn');
  }
}

/** From the Registries view. */
export async function signOutAfterAsking(
  { forget }: SignOutDependencies,
  { host, origin, username }: Connection,
): Promise<void> {
  const detail = `${username === '' ? 'Its address' : `The credential of ${username}`}, the trust in the server’s certificate, and what Tea Chest remembers of pushes there are removed from this machine. Images in the registry stay.`;
  if (await askModal(`Sign out of ${host}?`, [detail], 'Sign Out')) await forget(origin);
}

async function pick(store: ConnectionStore): Promise<Connection | undefined> {
  const rows = store.list().map((connection) => ({
    label: connection.host,
    description: describeConnection(connection),
    value: connection,
  }));
  if (rows.length === 0) {
    void showInformation('You are not signed in to any registry.', []);
    return undefined;
  }
  return await pickOne(rows, { title: 'Sign Out of a Registry' });
}
