import * as l10n from '@vscode/l10n';
import { neededScopesText } from '../../core/gitea/tokenScopes.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { AskAgain, type StepPosition } from '../input/runSteps.ts';
import { makeToken, makeTokenOf } from './makeToken.ts';
import { pastedSecret } from './pastedSecret.ts';
import { explainShortly, hostOf, type SignedIn, type SignInDialog, type SignInState } from './signInState.ts';

/** Asks for the code of a second factor, makes a token with it, and saves the token alone. */
export async function askCode(dialog: SignInDialog, state: SignInState, position: StepPosition): Promise<SignInState> {
  const { reached, username } = state;
  if (reached === undefined) throw new AskAgain('address', state);
  let done: SignedIn | undefined;
  await askText(position, {
    prompt: l10n.t`One-time code of ${username}. With it ${hostOf(state)} makes a token (${neededScopesText}), and only the token is stored`,
    placeholder: '123456',
    problem: state.problem,
    judge: (text) => (/^\d{6,8}$/.test(withoutSpaces(text)) ? {} : { problem: l10n.t('The code has six digits.') }),
    accept: async (text, signal) => {
      const credential = { username, secret: pastedSecret(state.secret) };
      try {
        done = await makeToken(dialog, reached, { credential, oneTimeCode: withoutSpaces(text) }, signal);
        return undefined;
      } catch (error) {
        return explainShortly(error);
      }
    },
  });
  return { ...state, secret: '', done, problem: undefined };
}

/** The title of a button that leads to `askWhatToKeep`. */
export const chooseWhatIsStored = l10n.t('Choose What Is Stored of a Password…');

type Kept = 'token' | 'password' | 'session';

/** For a password that the registry accepts: what is stored in its place, or whether it is stored. */
export async function askWhatToKeep(
  dialog: SignInDialog,
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  const { reached, password, source } = state;
  if (reached === undefined || password?.credential === undefined) throw new AskAgain('address', state);
  const { connection, credential, scope, lacks } = password;
  let done: SignedIn | undefined;
  await askChoice<Kept>(position, {
    placeholder: l10n.t`${hostOf(state)} accepts the password. What should be stored?`,
    problem: state.problem,
    choices: [
      ...(connection.kind === 'generic' ? [] : [tokenChoice(hostOf(state))]),
      { label: l10n.t('The password'), icon: 'lock', value: 'password' },
      { label: l10n.t('Nothing: keep the password until this window closes'), icon: 'watch', value: 'session' },
    ],
    accept: async (kept, signal) => {
      try {
        if (kept === 'token') {
          done = { ...(await makeTokenOf(dialog, reached, password, signal)), source };
        } else {
          const sessionOnly = kept === 'session';
          await dialog.store.save(connection, credential, { sessionOnly });
          done = { connection, scope, lacks, source, sessionOnly };
        }
        return undefined;
      } catch (error) {
        return explainShortly(error);
      }
    },
  });
  if (source !== undefined) {
    dialog.logger.info(`Signed in to ${connection.origin} as ${connection.username} with the login of ${source}.`);
  }
  return { ...state, secret: '', password: undefined, done, problem: undefined };
}

function tokenChoice(host: string): Choice<Kept> {
  return {
    label: l10n.t('A token made now for this machine, not the password'),
    detail: l10n.t({
      message: 'It can be deleted in the settings of {0} at any time. Its scopes: {1}',
      args: [host, neededScopesText],
      comment:
        '“It” is an access token, {1} its scopes: “write:package, read:user, read:organization and read:repository”.',
    }),
    icon: 'key',
    value: 'token',
  };
}

function withoutSpaces(text: string): string {
  return text.replace(/\s/g, '');
}
