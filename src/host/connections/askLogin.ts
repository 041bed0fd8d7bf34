import * as l10n from '@vscode/l10n';
import { isCancelled, toTeaChestError } from '../../core/base/errors.ts';
import type { FoundLogin, WantedRegistry } from '../../core/credentials/login.ts';
import { showWarning } from '../display/messages.ts';
import type { Choice, Problem } from '../input/choiceRows.ts';
import { askChoice } from '../input/prompts.ts';
import { AskAgain, type StepPosition } from '../input/runSteps.ts';
import { explainShortly, hostOf, type SignedIn, type SignInDialog, type SignInState } from './signInState.ts';
import { chooseWhatIsStored } from './askToken.ts';
import type { Connection } from './connection.ts';
import { makeTokenOf } from './makeToken.ts';
import type { CheckedSignIn, TrustedServer } from './signIn.ts';
import { checkCredential, credentialOf, isPassword } from './useCredential.ts';

/** `kept`: how a password is kept. `token`: the registry makes one with it; `choice`: the person is asked. */
interface ChosenLogin {
  readonly login: FoundLogin;
  readonly kept: 'token' | 'choice' | 'session';
}

type Chosen = ChosenLogin | 'typed';

/** What became of a login that the registry accepts. `problem`: why no token was made of the password. */
type Used = { readonly done: SignedIn } | { readonly password: CheckedSignIn; readonly problem?: string | undefined };

/** The registry that the dialog is about; undefined until it has answered. */
export function wantedRegistry({ start }: SignInDialog, { reached }: SignInState): WantedRegistry | undefined {
  return reached && { origin: reached.address.origin, repository: start.repository };
}

/**
 * Offers the logins that this machine has for the registry, by the names of their sources. The one that is chosen is read
 * and checked with the registry. If that fails, the list says why and stays open. Of a password a token is made, as of one
 * that is typed (`askSecret`).
 */
export async function askLogin(
  dialog: SignInDialog,
  logins: readonly FoundLogin[],
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  const { reached } = state;
  const wanted = wantedRegistry(dialog, state);
  if (reached === undefined || wanted === undefined) throw new AskAgain('address', state);
  let used: Used | undefined;
  const chosen = await askChoice<Chosen>(position, {
    placeholder: l10n.t`How do you want to sign in to ${hostOf(state)}?`,
    choices: loginChoices(logins),
    problem: state.problem,
    accept: async (choice, signal) => {
      if (choice === 'typed') return undefined;
      const { login } = choice;
      try {
        const secret = await login.read(wanted, { signal });
        const checked = await checkCredential(dialog, reached, credentialOf(secret), signal);
        used = await use(dialog, reached, { ...choice, checked, isToken: secret.isToken === true }, signal);
        return undefined;
      } catch (error) {
        if (isCancelled(error)) throw error;
        return refuse(dialog, login, error);
      }
    },
  });
  const base = { ...state, done: undefined, password: undefined, needsCode: false, problem: undefined };
  if (chosen === 'typed' || used === undefined) {
    const known = logins.find(({ username }) => username !== undefined)?.username;
    return { ...base, source: undefined, username: state.username === '' ? (known ?? '') : state.username };
  }
  return { ...base, ...used, source: chosen.login.name };
}

async function use(
  dialog: SignInDialog,
  reached: TrustedServer,
  { login, kept, checked, isToken }: ChosenLogin & { readonly checked: CheckedSignIn; readonly isToken: boolean },
  signal: AbortSignal,
): Promise<Used> {
  if (isToken || kept === 'session') return { done: await save(dialog, checked, login, kept === 'session') };
  if (kept === 'choice' && (isPassword(checked) || checked.connection.kind === 'generic')) return { password: checked };
  if (!isPassword(checked)) return { done: await save(dialog, checked, login, false) };
  try {
    const made = await makeTokenOf(dialog, reached, checked, signal);
    logSignIn(dialog, made.connection, login);
    return { done: { ...made, source: login.name } };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { password: checked, problem: explainShortly(error) };
  }
}

/** The row has room for the beginning of the reason; the notification and the log have all of it. */
function refuse({ logger }: SignInDialog, login: FoundLogin, error: unknown): Problem {
  const { source, name, location } = login;
  const label = isNamedByItself(source)
    ? l10n.t`The login in ${name} did not work`
    : l10n.t`The login of ${name} did not work`;
  const detail = explainShortly(error) ?? l10n.t('It was cancelled.');
  logger.warn(`The login of ${name} did not work (${location}): ${toTeaChestError(error).message}`);
  void showWarning(`${label}: ${detail}`, []);
  return { label, detail };
}

function loginChoices(logins: readonly FoundLogin[]): readonly Choice<Chosen>[] {
  const rows = logins.map((login): Choice<Chosen> => {
    const { source, name, username, note, problem, isToken } = login;
    const description = [username, problem ?? note].filter((part) => part !== undefined).join(' · ');
    const isUsable = problem === undefined;
    return {
      label: isNamedByItself(source)
        ? l10n.t({
            message: 'Use {0}',
            args: [name],
            comment: '{0} is an environment variable with a login, or several.',
          })
        : l10n.t`Use the login of ${name}`,
      ...(description !== '' && { description }),
      ...(isUsable && isToken !== true && { detail: passwordRule }),
      icon: isUsable ? 'key' : 'warning',
      value: { login, kept: 'token' },
      ...(isUsable && { others: otherUses(login) }),
    };
  });
  return [
    ...rows,
    { label: l10n.t('Enter user name and token or password'), icon: 'edit', always: true, value: 'typed' },
  ];
}

const passwordRule = l10n.t('Gitea and Forgejo make a token with a password; only the token is stored');

function otherUses(login: FoundLogin): NonNullable<Choice<Chosen>['others']> {
  const session = l10n.t('Use for This Session Only');
  return [
    ...(login.isToken === true
      ? []
      : [{ icon: 'lock', tooltip: chooseWhatIsStored, value: { login, kept: 'choice' } as const }]),
    { icon: 'watch', tooltip: session, value: { login, kept: 'session' } },
  ];
}

/** `GITEA_TOKEN` says what it is; `tea (mine)` does not say that it is a login. */
function isNamedByItself(source: FoundLogin['source']): boolean {
  return source === 'environment';
}

async function save(
  dialog: SignInDialog,
  { connection, credential, scope, lacks }: CheckedSignIn,
  login: FoundLogin,
  sessionOnly: boolean,
): Promise<SignedIn> {
  await dialog.store.save(connection, credential, { sessionOnly });
  logSignIn(dialog, connection, login);
  return { connection, scope, lacks, source: login.name, sessionOnly };
}

function logSignIn({ logger }: SignInDialog, { origin, username }: Connection, { name, location }: FoundLogin): void {
  logger.info(`Signed in to ${origin} as ${username} with the login of ${name} (${location}).`);
}
