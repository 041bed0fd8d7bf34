import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { FoundAddress } from '../../core/credentials/findAddresses.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import type { RegistryAddress } from '../../core/registry/types.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { AskAgain, type StepPosition } from '../input/runSteps.ts';
import { readPastedAddress } from './readPastedAddress.ts';
import type { AuthService } from './signIn.ts';
import { readTypedAddress, type TypedAddress } from './typedAddress.ts';
import { explainShortly, type SignInDialog, type SignInState } from './signInState.ts';
import { tryAddress, type AnsweredAddress, type OriginTrust } from './tryAddress.ts';

/** The registries that this machine names: clusters whose Gitea can be connected to, and addresses. */
export interface Suggestions {
  readonly clusters: readonly LocalCluster[];
  readonly addresses: readonly FoundAddress[];
}

/** An address, a cluster, or undefined for another address. */
type Suggested = string | LocalCluster | undefined;

/** Offers what this machine names. Another address is typed in the next step, or here. */
export async function askSuggestedAddress(
  dialog: SignInDialog,
  suggestions: Suggestions,
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  let answered: AnsweredAddress | undefined;
  let typed: TypedAddress | undefined;
  const chosen = await askChoice<Suggested>(position, {
    placeholder: addressPrompt(dialog),
    choices: suggestionChoices(suggestions),
    custom: (text) => {
      typed = readTypedAddress(text);
      const pasted = typed.address;
      const problem = problemOf(() => dialog.auth.parse(pasted));
      const address = readPastedAddress(pasted);
      return problem === undefined ? { label: address, description: l10n.t('as typed'), value: address } : { problem };
    },
    accept: async (url, signal) => {
      if (typeof url !== 'string') return undefined;
      const attempt = await attemptAddress(dialog, url, state, signal);
      if ('problem' in attempt) {
        throw new AskAgain('address', { ...state, url, isSuggested: false, problem: attempt.problem });
      }
      answered = attempt;
      return undefined;
    },
  });
  if (typeof chosen === 'object') return { ...state, cluster: chosen };
  const url = chosen;
  if (url === undefined || answered === undefined) return { ...state, url: url ?? state.url, isSuggested: false };
  const isTyped = typed !== undefined && readPastedAddress(typed.address) === url;
  return { ...afterAddress(state, url, answered, isTyped ? typed?.username : undefined), isSuggested: true };
}

function suggestionChoices({ clusters, addresses }: Suggestions): readonly Choice<Suggested>[] {
  return [
    ...clusters.map((cluster): Choice<Suggested> => ({
      label: l10n.t('Connect to idpbuilder’s Gitea'),
      description: l10n.t`cluster ${cluster.name}`,
      icon: 'server-environment',
      value: cluster,
    })),
    ...addresses.map(({ url, sources }): Choice<Suggested> => ({
      label: url,
      description: sources.join(', '),
      icon: 'server',
      value: url,
    })),
    { label: l10n.t('Another address…'), icon: 'edit', always: true, value: undefined },
  ];
}

export async function askAddress(
  dialog: SignInDialog,
  state: SignInState,
  position: StepPosition,
): Promise<SignInState> {
  const { auth } = dialog;
  let answered: AnsweredAddress | undefined;
  const url = await askText(position, {
    prompt: addressPrompt(dialog),
    placeholder: l10n.t`${'https://gitea.example.com'}, or with your user name: ${'https://you@gitea.example.com'}`,
    value: state.url,
    problem: state.problem,
    judge: (text) => {
      const problem = problemOf(() => auth.parse(readTypedAddress(text).address.trim()));
      return problem === undefined ? {} : { problem };
    },
    accept: async (text, signal) => {
      const attempt = await attemptAddress(dialog, readTypedAddress(text).address, state, signal);
      if ('problem' in attempt) return attempt.problem;
      answered = attempt;
      return undefined;
    },
  });
  const { address, username } = readTypedAddress(url);
  return { ...afterAddress(state, readPastedAddress(address), answered, username), isSuggested: false };
}

function addressPrompt({ start }: SignInDialog): string {
  return start.toPush === true
    ? l10n.t('First sign in to a registry: the address of Gitea, Forgejo or another one')
    : l10n.t('Address of Gitea, Forgejo or another container registry');
}

function afterAddress(
  state: SignInState,
  url: string,
  answered: AnsweredAddress | undefined,
  username: string | undefined,
): SignInState {
  const connection = answered?.connection;
  const done = connection && { connection, scope: undefined };
  const user = { username: username ?? state.username, isUserTyped: username !== undefined };
  return { ...state, ...user, url, reached: answered?.reached, done, problem: undefined };
}

async function attemptAddress(
  dialog: SignInDialog,
  text: string,
  { reached }: SignInState,
  signal: AbortSignal,
): Promise<AnsweredAddress | { readonly problem: string | undefined }> {
  const { auth, start } = dialog;
  const startOrigin = originOf(auth, start.url);
  const decided: OriginTrust[] = [];
  if (reached !== undefined) decided.push({ origin: reached.address.origin, trust: reached.trust });
  if (startOrigin !== undefined && start.trust !== undefined) decided.push({ origin: startOrigin, trust: start.trust });
  const closedOrigin = start.askCredential === true ? startOrigin : undefined;
  try {
    const answered = await tryAddress(dialog, { text, decided, closedOrigin }, { signal });
    return answered ?? { problem: refused(auth.parse(text.trim())) };
  } catch (error) {
    return { problem: explainShortly(error) };
  }
}

/** Undefined for what is no address. */
export function originOf(auth: AuthService, url: string | undefined): string | undefined {
  try {
    return url === undefined ? undefined : auth.parse(url).origin;
  } catch {
    return undefined;
  }
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return toTeaChestError(error).message;
  }
}

/** The message after the person declined to trust the address. */
function refused({ origin }: RegistryAddress): string {
  return origin.startsWith('http:')
    ? l10n.t('Nothing was sent there. Is there an https address?')
    : l10n.t('Not trusted, so nothing was sent there.');
}
