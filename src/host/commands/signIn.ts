import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import type { LoginSource } from '../../core/credentials/login.ts';
import type { RegistryTrust } from '../../core/registry/types.ts';
import { askSignIn } from '../connections/askSignIn.ts';
import { anyUser, type Connection } from '../connections/connection.ts';
import { describeSignIn } from '../connections/describeSignIn.ts';
import { pastedSecret } from '../connections/pastedSecret.ts';
import { signIn, signInIfOpen, wantsClientCertificate } from '../connections/signIn.ts';
import type { AskSignInDependencies, SignedIn as SignInOutcome, SignInStart } from '../connections/signInState.ts';
import { signInFrom } from '../connections/signInFrom.ts';
import { withCaFile } from '../connections/verifyServerTrust.ts';
import { showInformation } from '../display/messages.ts';
import { readFingerprint, readSignInArguments, type SignInArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

/** The result of `teaChest.signIn` (docs/automation.md). */
export interface SignedIn {
  readonly origin: string;
  readonly username: string;
  /** Where the login came from, if not from the arguments or the person. */
  readonly source?: LoginSource;
}

/**
 * `teaChest.signIn`. With url and secret, or url and source, it asks nothing; a registry that needs no sign-in needs only the url. What is
 * missing is asked for. If the person cancels, it resolves with undefined, or with arguments rejects with `cancelled`.
 */
export async function signInCommand(
  dependencies: AskSignInDependencies,
  argument: unknown,
): Promise<SignedIn | undefined> {
  if (argument === undefined) {
    const signedIn = await askSignIn(dependencies, {});
    if (signedIn !== undefined) void confirmSignIn(signedIn);
    return signedIn && summary(signedIn.connection);
  }
  try {
    const args = readSignInArguments(argument);
    const connection = await signInWith(dependencies, args);
    if (connection === undefined) throw new TeaChestError('cancelled', l10n.t('The sign-in was cancelled.'));
    return { ...summary(connection), ...(args.source !== undefined && { source: args.source }) };
  } catch (error) {
    throw toRejection(error, 'signIn');
  }
}

async function signInWith(dependencies: AskSignInDependencies, args: SignInArguments): Promise<Connection | undefined> {
  const { auth, store } = dependencies;
  const address = auth.parse(args.url);
  const saved = store.find(address.origin);
  const trust = mergeTrust(args, saved?.trust ?? {});
  const { secret, source, sessionOnly = false } = args;
  refuseContradictions(args);
  const username = args.username ?? saved?.username;
  const options = { signal: new AbortController().signal };
  if (secret !== undefined) {
    const credential = { username: username ?? anyUser, secret: pastedSecret(secret) };
    return await signIn(dependencies, { address, credential, trust, sessionOnly }, options);
  }
  if (source !== undefined) {
    return await signInFrom(dependencies, { address, trust, source, username: args.username, sessionOnly }, options);
  }
  const open =
    args.username === undefined
      ? await signInIfOpen(dependencies, { address, trust }, options).catch(toDialog)
      : undefined;
  if (open !== undefined) return open;
  const start: SignInStart = { url: args.url, trust, askCredential: args.username !== undefined };
  return (await askSignIn(dependencies, username === undefined ? start : { ...start, username }))?.connection;
}

function refuseContradictions({ secret, source, sessionOnly }: SignInArguments): void {
  if (source !== undefined && secret !== undefined) throw invalid(l10n.t('“secret” and “source” exclude each other.'));
  if (sessionOnly !== undefined && source === undefined && secret === undefined) {
    throw invalid(l10n.t('“sessionOnly” needs a “secret” or a “source”: in the dialog the person decides.'));
  }
}

/** The dialog asks for the client certificate. */
function toDialog(error: unknown): undefined {
  if (!wantsClientCertificate(error)) throw error;
}

function summary({ origin, username }: Connection): SignedIn {
  return { origin, username };
}

/** Says who is signed in, and leads on to a push. */
export async function confirmSignIn(signedIn: SignInOutcome): Promise<void> {
  const push = { title: l10n.t('Push an Image') };
  if ((await showInformation(describeSignIn(signedIn), [push])) !== push) return;
  await vscode.commands.executeCommand('teaChest.pushImage');
}

/** The saved trust, changed by the arguments. */
export function mergeTrust(args: SignInArguments, saved: RegistryTrust): RegistryTrust {
  const { caFile, clientCertFile, clientKeyFile, allowHttp, trustFingerprint } = args;
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    throw invalid(l10n.t('“clientCertFile” and “clientKeyFile” are needed together.'));
  }
  const pinnedFingerprint = readFingerprint(trustFingerprint);
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
