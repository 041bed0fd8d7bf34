import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import { neededScopesText } from '../../core/gitea/tokenScopes.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import { askText, type LinkButton } from '../input/prompts.ts';
import { AskAgain, type StepPosition } from '../input/runSteps.ts';
import { pageAt } from './connection.ts';
import { pastedSecret } from './pastedSecret.ts';
import type { CheckedSignIn } from './signIn.ts';
import { addressErrors, explainShortly, hostOf, type SignInDialog, type SignInState } from './signInState.ts';
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

/** Checks the secret with the registry. A token is saved; about a password the next step asks. */
export async function askSecret(
  dialog: SignInDialog,
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  const { reached } = state;
  if (reached === undefined) throw new AskAgain('address', state);
  let checked: CheckedSignIn | undefined;
  let needsCode = false as boolean;
  const typed = await askText(position, {
    prompt: l10n.t`Token (with the scopes ${neededScopesText}) or password of ${state.username} on ${reached.address.host}`,
    password: true,
    value: state.secret,
    problem: state.problem,
    ...tokenLink(state),
    action: {
      icon: 'shield',
      tooltip: l10n.t('Password and One-Time Code'),
      run: (text) => {
        needsCode = pastedSecret(text) !== '';
        return needsCode
          ? undefined
          : l10n.t('Type the password first. The one-time code is asked for in the next step.');
      },
    },
    judge: (text) => (pastedSecret(text) === '' ? { problem: l10n.t('A token or a password is needed.') } : {}),
    accept: async (text, signal) => {
      const credential = { username: state.username, secret: pastedSecret(text) };
      try {
        checked = await checkCredential(dialog, reached, credential, signal);
        return undefined;
      } catch (error) {
        const problem = explainShortly(error);
        const { code } = toTeaChestError(error);
        if (addressErrors.has(code)) {
          throw new AskAgain('address', { ...state, secret: text, isSuggested: false, problem });
        }
        needsCode = code === 'oneTimePasswordNeeded';
        return needsCode ? undefined : problem;
      }
    },
  });
  const base = { ...state, secret: typed, needsCode, password: undefined, problem: undefined };
  if (checked === undefined || needsCode) return base;
  if (isPassword(checked)) return { ...base, password: checked };
  await dialog.store.save(checked.connection, checked.credential);
  return { ...base, secret: '', done: { connection: checked.connection, scope: checked.scope } };
}

function tokenLink(state: SignInState): { readonly link: LinkButton } | Record<string, never> {
  if (state.reached === undefined) return {};
  const { address } = state.reached;
  const page = pageAt(address, tokenSettingsUrl(address.webRoot));
  return { link: { tooltip: l10n.t`Create a Token in the Browser (scopes ${neededScopesText})`, page } };
}
