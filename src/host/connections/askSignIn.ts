import { isCancelled, toTeaChestError, type ErrorCode } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { askText, type LinkButton } from '../input/prompts.ts';
import { AskAgain, runSteps, type Place, type Step } from '../input/runSteps.ts';
import { explain } from '../progress/explain.ts';
import type { Connection } from './connection.ts';
import { reach, type Reached } from './reach.ts';
import { signIn, signInIfOpen, type SignInGate, type SignInShelf } from './signIn.ts';

/** What is known before anything is asked. */
export interface SignInStart {
  readonly url?: string;
  readonly username?: string;
  readonly trust?: RegistryTrust;
}

interface State {
  readonly url: string;
  /** Set once the address answers, with a certificate that is trusted. */
  readonly address: RegistryAddress | undefined;
  readonly trust: RegistryTrust;
  readonly username: string;
  readonly connection: Connection | undefined;
  /** What was wrong with the last try, told where it can be mended. */
  readonly problem: string | undefined;
}

/** Errors that another address mends; any other is told at the last step, where password and token are typed. */
const addressErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'urlInvalid',
  'registryUnreachable',
  'certificateUntrusted',
  'certificateChanged',
  'certificateInvalid',
  'plainHttp',
  'notARegistry',
  'proxyFailed',
]);

/** Asks for address, user and secret, checks them, and keeps them. Undefined if the person leaves. */
export async function askSignIn(
  gate: SignInGate,
  shelf: SignInShelf,
  start: SignInStart,
): Promise<Connection | undefined> {
  const state: State = {
    url: start.url ?? '',
    address: undefined,
    trust: start.trust ?? {},
    username: start.username ?? '',
    connection: undefined,
    problem: undefined,
  };
  const steps: readonly Step<State>[] = [
    { name: 'address', ask: (now, place) => askAddress(gate, shelf, now, place) },
    { name: 'username', isSettled: isDone, ask: askUsername },
    { name: 'secret', isSettled: isDone, ask: (now, place) => askSecret(gate, shelf, now, place) },
  ];
  const end = await runSteps('Sign In to a Registry', steps, state);
  return end?.connection;
}

/** A registry that is open to everybody needs no more than its address. */
function isDone({ connection }: State): boolean {
  return connection !== undefined;
}

async function askAddress(gate: SignInGate, shelf: SignInShelf, state: State, place: Place): Promise<State> {
  let reached: Reached | undefined;
  let connection: Connection | undefined;
  const url = await askText(place, {
    prompt: 'Address of Gitea, Forgejo or another container registry',
    placeholder: 'https://gitea.example.com',
    value: state.url,
    problem: state.problem,
    judge: (text) => asProblem(problemOf(() => gate.parse(text.trim()))),
    accept: async (text, signal) => {
      try {
        reached = await reach(gate, gate.parse(text.trim()), state.trust, signal);
        if (reached === undefined) return 'Not trusted, so nothing was sent there.';
        connection = await signInIfOpen(gate, shelf, reached, { signal });
        return undefined;
      } catch (error) {
        return explainShortly(error);
      }
    },
  });
  return {
    ...state,
    url,
    address: reached?.address,
    trust: reached?.trust ?? state.trust,
    connection,
    problem: undefined,
  };
}

async function askUsername(state: State, place: Place): Promise<State> {
  const username = await askText(place, {
    prompt: `User name on ${hostOf(state)}`,
    value: state.username,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(text.trim() === '' ? 'A user name is needed, even with a token.' : undefined),
  });
  return { ...state, username: username.trim(), problem: undefined };
}

async function askSecret(gate: SignInGate, shelf: SignInShelf, state: State, place: Place): Promise<State> {
  const { address } = state;
  if (address === undefined) throw new AskAgain('address', state);
  let connection: Connection | undefined;
  await askText(place, {
    prompt: `Token (with the scope write:package) or password of ${state.username} on ${address.host}`,
    password: true,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(text === '' ? 'A token or a password is needed.' : undefined),
    accept: async (secret, signal) => {
      const credential = { username: state.username, secret };
      try {
        connection = await signIn(gate, shelf, { address, credential, trust: state.trust }, { signal });
        return undefined;
      } catch (error) {
        const problem = explainShortly(error);
        if (!addressErrors.has(toTeaChestError(error).code)) return problem;
        throw new AskAgain('address', { ...state, address: undefined, problem });
      }
    },
  });
  return { ...state, connection, problem: undefined };
}

function tokenLink(state: State): { readonly link: LinkButton } | Record<string, never> {
  if (state.address === undefined) return {};
  return { link: { tooltip: 'Create a Token in the Browser', url: tokenSettingsUrl(state.address.webRoot) } };
}

function hostOf(state: State): string {
  return state.address?.host ?? state.url;
}

function asProblem(problem: string | undefined): { readonly problem?: string } {
  return problem === undefined ? {} : { problem };
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return toTeaChestError(error).message;
  }
}

function explainShortly(error: unknown): string | undefined {
  return isCancelled(error) ? undefined : explain(toTeaChestError(error, 'signIn')).message;
}
