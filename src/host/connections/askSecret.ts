import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import { neededScopesText } from '../../core/gitea/tokenScopes.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import { askText, type LinkButton, type TextQuestion } from '../input/prompts.ts';
import { AskAgain, type StepPosition } from '../input/runSteps.ts';
import { pageAt } from './connection.ts';
import { pastedSecret } from './pastedSecret.ts';
import { chooseWhatIsStored } from './askToken.ts';
import { makeTokenOf } from './makeToken.ts';
import type { CheckedSignIn } from './signIn.ts';
import {
  addressErrors,
  explainShortly,
  hostOf,
  type SignedIn,
  type SignInDialog,
  type SignInState,
} from './signInState.ts';
import { checkCredential, isPassword } from './useCredential.ts';

export async function askUsername(state: SignInState, position: StepPosition): Promise<SignInState> {
  const username = await askText(position, {
    prompt: l10n.t`User name on ${hostOf(state)}`,
    value: state.username,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => (text.trim() === '' ? { problem: l10n.t('A user name is needed, even with a token.') } : {}),
  });
  return { ...state, username: username.trim(), problem: undefined };
}

/**
 * Checks the secret with the registry. A token is saved, and so is the password of a registry that makes no tokens. With the
 * password of Gitea or Forgejo a token is made, which is saved in its place; where that fails, or the person wants to choose,
 * the next step asks what is stored.
 */
export async function askSecret(
  dialog: SignInDialog,
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  const { reached } = state;
  if (reached === undefined) throw new AskAgain('address', state);
  let checked: CheckedSignIn | undefined;
  let wish = undefined as PasswordWish | undefined;
  let made: SignedIn | undefined;
  let problem: string | undefined;
  const typed = await askText(position, {
    prompt: l10n.t`Password of ${state.username} on ${reached.address.host}, or a token (scopes ${neededScopesText}). Gitea and Forgejo make a token with a password; only the token is stored`,
    password: true,
    value: state.secret,
    problem: state.problem,
    ...tokenLink(state),
    actions: passwordActions((one) => {
      wish = one;
    }),
    judge: (text) => (pastedSecret(text) === '' ? { problem: l10n.t('A token or a password is needed.') } : {}),
    accept: async (text, signal) => {
      const credential = { username: state.username, secret: pastedSecret(text) };
      try {
        checked = await checkCredential(dialog, reached, credential, signal);
      } catch (error) {
        const reason = explainShortly(error);
        const { code } = toTeaChestError(error);
        if (addressErrors.has(code)) {
          throw new AskAgain('address', { ...state, secret: text, isSuggested: false, problem: reason });
        }
        if (code !== 'oneTimePasswordNeeded') return reason;
        wish = 'code';
        return undefined;
      }
      if (!isPassword(checked) || wish === 'choice') return undefined;
      try {
        made = await makeTokenOf(dialog, reached, checked, signal);
      } catch (error) {
        problem = explainShortly(error);
      }
      return undefined;
    },
  });
  const needsCode = wish === 'code';
  const base = { ...state, secret: typed, needsCode, password: undefined, problem: undefined };
  if (checked === undefined || needsCode) return base;
  if (made !== undefined) return { ...base, secret: '', done: made };
  // No token can be made on another registry, but the person may want that nothing is stored.
  const isChosen = wish === 'choice' && checked.connection.kind === 'generic';
  if (isPassword(checked) || isChosen) return { ...base, password: checked, problem };
  await dialog.store.save(checked.connection, checked.credential);
  return { ...base, secret: '', done: { connection: checked.connection, scope: checked.scope, lacks: checked.lacks } };
}

/** What the person wants to do with the password: give a one-time code too, or choose what is stored. */
type PasswordWish = 'code' | 'choice';

function passwordActions(choose: (wish: PasswordWish) => void): NonNullable<TextQuestion['actions']> {
  const action = (wish: PasswordWish, problem: string) => (text: string) => {
    if (pastedSecret(text) === '') return problem;
    choose(wish);
    return undefined;
  };
  return [
    {
      icon: 'shield',
      tooltip: l10n.t('Password and One-Time Code'),
      run: action('code', l10n.t('Type the password first. The one-time code is asked for in the next step.')),
    },
    {
      icon: 'lock',
      tooltip: chooseWhatIsStored,
      accepts: true,
      run: action('choice', l10n.t('Type the password first. What is stored is asked for in the next step.')),
    },
  ];
}

function tokenLink(state: SignInState): { readonly link: LinkButton } | Record<string, never> {
  if (state.reached === undefined) return {};
  const { address } = state.reached;
  const page = pageAt(address, tokenSettingsUrl(address.webRoot));
  return { link: { tooltip: l10n.t`Create a Token in the Browser (scopes ${neededScopesText})`, page } };
}
