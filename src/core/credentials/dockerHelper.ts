import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import { plainText } from '../base/plainText.ts';
import { asLogin } from './asLogin.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError, helperFailed, identityToken, tooSlow } from './credentialSourceErrors.ts';
import type { HelperResult } from './helperProcess.ts';
import type { LoginSecret } from './login.ts';

const helperAnswer = v.object({ Username: v.optional(v.string(), ''), Secret: v.string() });

/** What helpers answer with exit code 1 for a name they do not have (docker-credential-helpers, credentials/error.go). */
const notThere = /credentials not found|no credentials|not found in native keychain/i;

/**
 * Asks `docker-credential-NAME get` for a login (docker-credential-helpers, credentials/credentials.go: the name of the
 * server on stdin; JSON, or an error's text, on stdout). `servers`: the names under which the registry may be there.
 * @throws TeaChestError `credentialSourceFailed`
 */
export async function askDockerHelper(
  machine: CredentialMachine,
  { helper, servers }: { readonly helper: string; readonly servers: readonly string[] },
  { signal }: { readonly signal: AbortSignal },
): Promise<LoginSecret> {
  const command = `docker-credential-${helper}`;
  // The name is a part of a file name. With a path in it, it would start any program.
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) {
    throw credentialSourceError(l10n.t`“${plainText(helper, 80)}” cannot be the name of a credential helper.`);
  }
  for (const server of servers) {
    const result = await machine.runHelper({ command, args: ['get'], input: server }, { signal });
    const login = readAnswer(command, server, result);
    if (login !== undefined) return login;
  }
  throw credentialSourceError(l10n.t`${command} has no login for ${servers[0] ?? ''}.`);
}

/** Undefined if the helper has no login under this name. */
function readAnswer(command: string, server: string, result: HelperResult): LoginSecret | undefined {
  if (result.kind === 'notFound') {
    throw credentialSourceError(l10n.t`${command}, which docker’s settings name, was not found on the PATH.`);
  }
  if (result.kind === 'tooSlow') throw tooSlow(command);
  const answer = parseJson(helperAnswer, result.stdout);
  if (result.code !== 0) {
    if (notThere.test(result.stdout)) return undefined;
    throw helperFailed(command, result);
  }
  if (answer === undefined) throw credentialSourceError(l10n.t`${command} did not answer as a credential helper does.`);
  const { Username: username, Secret: secret } = answer;
  if (username === '' || username === '<token>') throw identityToken(command, server);
  const login = asLogin(username, secret);
  if (login.secret === '')
    throw credentialSourceError(l10n.t`${command} has the user “${username}” for ${server}, but no secret.`);
  return login;
}
