import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import { askSignIn, type SignInStart } from '../connections/askSignIn.ts';
import { anyUser, describeConnection, type Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { pastedSecret } from '../connections/pastedSecret.ts';
import { signIn, signInIfOpen, type AuthService } from '../connections/signIn.ts';
import { wantsClientCertificate } from '../connections/wantsClientCertificate.ts';
import { showInformation } from '../display/messages.ts';
import { readSignInArguments, type SignInArguments } from './arguments.ts';
import { trustFrom } from './givenTrust.ts';
import { toRejection } from './rejection.ts';

/** What `teaChest.signIn` resolves to; part of the automation contract. */
export interface SignedIn {
  readonly origin: string;
  readonly username: string;
}

export interface SignInDependencies {
  readonly auth: AuthService;
  readonly store: ConnectionStore;
}

/**
 * `teaChest.signIn`. With url and secret it asks nothing, nor of a registry that is open; what is missing is asked for. Undefined if a person
 * who started it without arguments leaves; with arguments, leaving rejects with `cancelled`.
 */
export async function signInCommand(
  dependencies: SignInDependencies,
  argument: unknown,
): Promise<SignedIn | undefined> {
  if (argument === undefined) {
    const connection = await askSignIn(dependencies.auth, dependencies.store, {});
    if (connection !== undefined) void confirm(connection);
    return connection && summary(connection);
  }
  try {
    const args = readSignInArguments(argument);
    const connection = await signInWith(dependencies, args);
    if (connection === undefined) throw new TeaChestError('cancelled', 'The sign-in was cancelled.');
    return summary(connection);
  } catch (error) {
    throw toRejection(error, 'signIn');
  }
}

async function signInWith({ auth, store }: SignInDependencies, args: SignInArguments): Promise<Connection | undefined> {
  const address = auth.parse(args.url);
  const saved = store.find(address.origin);
  const trust = trustFrom(args, saved?.trust ?? {});
  const { secret } = args;
  const username = args.username ?? saved?.username;
  const options = { signal: new AbortController().signal };
  if (secret !== undefined) {
    const credential = { username: username ?? anyUser, secret: pastedSecret(secret) };
    return await signIn(auth, store, { address, credential, trust }, options);
  }
  const open =
    args.username === undefined
      ? await signInIfOpen(auth, store, { address, trust }, options).catch(toDialog)
      : undefined;
  if (open !== undefined) return open;
  const start: SignInStart = { url: args.url, trust, askCredential: args.username !== undefined };
  return await askSignIn(auth, store, username === undefined ? start : { ...start, username });
}

/** A client certificate that is wanted is asked for in the dialog. */
function toDialog(error: unknown): undefined {
  if (!wantsClientCertificate(error)) throw error;
}

function summary({ origin, username }: Connection): SignedIn {
  return { origin, username };
}

async function confirm(connection: Connection): Promise<void> {
  const push = { title: 'Push an Image' };
  const text = `Connected to ${connection.host}: ${describeConnection(connection)}.`;
  if ((await showInformation(text, [push])) !== push) return;
  await vscode.commands.executeCommand('teaChest.pushImage');
}
