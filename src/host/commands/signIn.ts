import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import { normalizeFingerprint } from '../../core/registry/http/tls/certificatePin.ts';
import type { RegistryTrust } from '../../core/registry/types.ts';
import { askSignIn, type SignInStart } from '../connections/askSignIn.ts';
import { anyUser, describeConnection, type Connection } from '../connections/connection.ts';
import { pastedSecret } from '../connections/pastedSecret.ts';
import { signIn, signInIfOpen, wantsClientCertificate, type SignInDependencies } from '../connections/signIn.ts';
import { withCaFile } from '../connections/verifyServerTrust.ts';
import { showInformation } from '../display/messages.ts';
import { readSignInArguments, type SignInArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

/** The result of `teaChest.signIn` (docs/automation.md). */
export interface SignedIn {
  readonly origin: string;
  readonly username: string;
}

/**
 * `teaChest.signIn`. With url and secret it asks nothing; a registry that needs no sign-in needs only the url. What is
 * missing is asked for. If the person cancels, it resolves with undefined, or with arguments rejects with `cancelled`.
 */
export async function signInCommand(
  dependencies: SignInDependencies,
  argument: unknown,
): Promise<SignedIn | undefined> {
  if (argument === undefined) {
    const connection = await askSignIn(dependencies, {});
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

async function signInWith(dependencies: SignInDependencies, args: SignInArguments): Promise<Connection | undefined> {
  const { auth, store } = dependencies;
  const address = auth.parse(args.url);
  const saved = store.find(address.origin);
  const trust = mergeTrust(args, saved?.trust ?? {});
  const { secret } = args;
  const username = args.username ?? saved?.username;
  const options = { signal: new AbortController().signal };
  if (secret !== undefined) {
    const credential = { username: username ?? anyUser, secret: pastedSecret(secret) };
    return await signIn(dependencies, { address, credential, trust }, options);
  }
  const open =
    args.username === undefined
      ? await signInIfOpen(dependencies, { address, trust }, options).catch(toDialog)
      : undefined;
  if (open !== undefined) return open;
  const start: SignInStart = { url: args.url, trust, askCredential: args.username !== undefined };
  return await askSignIn(dependencies, username === undefined ? start : { ...start, username });
}

/** The dialog asks for the client certificate. */
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

/** The saved trust, changed by the arguments. */
export function mergeTrust(args: SignInArguments, saved: RegistryTrust): RegistryTrust {
  const { caFile, clientCertFile, clientKeyFile, allowHttp, trustFingerprint } = args;
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    throw invalid('“clientCertFile” and “clientKeyFile” are needed together.');
  }
  const pinnedFingerprint = trustFingerprint === undefined ? undefined : normalizeFingerprint(trustFingerprint);
  if (trustFingerprint !== undefined && pinnedFingerprint === undefined) {
    throw invalid('“trustFingerprint” is not a SHA-256 fingerprint: 64 hex digits.');
  }
  return {
    ...(caFile === undefined ? saved : withCaFile(saved, caFile)),
    ...(clientCertFile !== undefined && clientKeyFile !== undefined && { clientCertFile, clientKeyFile }),
    ...(allowHttp === true && { allowHttp }),
    ...(pinnedFingerprint !== undefined && { pinnedFingerprint }),
  };
}

function invalid(message: string): TeaChestError {
  return new TeaChestError('argumentInvalid', message, { stage: 'signIn' });
}
