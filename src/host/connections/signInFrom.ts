import * as l10n from '@vscode/l10n';
import { joinList } from '../../core/base/joinList.ts';
import { joinSentences } from '../../core/base/joinSentences.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import type { FoundLogin, LoginSource } from '../../core/credentials/login.ts';
import { usersOf } from '../../core/credentials/usersOf.ts';
import type { Connection } from './connection.ts';
import { signIn, type SaveOptions, type TrustedServer } from './signIn.ts';
import type { AskSignInDependencies } from './signInState.ts';
import { credentialOf } from './useCredential.ts';

interface SourceRequest extends TrustedServer, SaveOptions {
  readonly source: LoginSource;
  /** The login must be of this user. */
  readonly username: string | undefined;
}

/**
 * Signs in with the login that a source has, without a question. Of several of one user it takes the one its program would
 * take; if they are of several users, or half-given beside others, the caller has to say which user.
 */
export async function signInFrom(
  dependencies: AskSignInDependencies,
  { source, username, sessionOnly = false, ...server }: SourceRequest,
  options: { readonly signal: AbortSignal },
): Promise<Connection> {
  const { logins, logger } = dependencies;
  const { origin, host } = server.address;
  const found = await logins.findIn(source, { origin });
  const fitting = found.logins.filter((login) => username === undefined || (login.username ?? username) === username);
  const users = username === undefined ? usersOf(fitting) : [];
  if (users.length > 1) throw severalUsers(source, host, users, fitting);
  const login = fitting.find(({ problem }) => problem === undefined) ?? fitting[0];
  if (login === undefined) {
    throw notFound(source, host, found.problems, found.logins.length === 0 ? undefined : username);
  }
  const credential = credentialOf(await login.read({ origin }, options));
  if (username !== undefined && credential.username !== username) throw notFound(source, host, [], username);
  const connection = await signIn(dependencies, { ...server, credential, sessionOnly }, options);
  logger.info(`Signed in to ${origin} as ${connection.username} with the login of ${login.name} (${login.location}).`);
  return connection;
}

const names: Readonly<Record<LoginSource, string>> = {
  environment: l10n.t({ message: 'The environment', comment: 'Inserted for {0} in “{0} has no login for {1}.”' }),
  idpbuilder: 'idpbuilder',
  docker: 'Docker',
  podman: 'Podman',
  tea: 'tea',
  git: 'git',
  keyring: l10n.t({ message: 'The keyring', comment: 'Inserted for {0} in “{0} has no login for {1}.”' }),
};

function severalUsers(
  source: LoginSource,
  host: string,
  users: readonly string[],
  logins: readonly FoundLogin[],
): TeaChestError {
  const shown = users.map((user) =>
    user === ''
      ? l10n.t({ message: 'one without a user', comment: 'In a list of the users of logins: “ada”, “dev” and …' })
      : `“${user}”`,
  );
  const message = joinSentences(
    l10n.t`${names[source]} has logins of several users for ${host}: ${joinList(shown)}. Say which one by “username”.`,
    ...logins.map(({ problem }) => problem),
  );
  return new TeaChestError('credentialSourceFailed', message, { stage: 'signIn', facts: { host } });
}

function notFound(source: LoginSource, host: string, problems: readonly string[], username?: string): TeaChestError {
  const sentence =
    username === undefined
      ? l10n.t`${names[source]} has no login for ${host}.`
      : l10n.t`${names[source]} has no login of the user “${username}” for ${host}.`;
  const message = joinSentences(sentence, ...problems);
  return new TeaChestError('credentialSourceFailed', message, { stage: 'signIn', facts: { host } });
}
