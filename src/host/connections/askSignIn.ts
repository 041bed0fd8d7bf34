import { isCancelled, toTeaChestError, type ErrorCode } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { askText, type LinkButton } from '../input/prompts.ts';
import { AskAgain, runSteps, type StepPosition, type Step } from '../input/runSteps.ts';
import { errorMessage } from '../progress/errorMessages.ts';
import type { Connection } from './connection.ts';
import { pageAt } from './connectionPage.ts';
import { withClientCertificate } from './clientCertificate.ts';
import { consent } from './consent.ts';
import type { TrustedServer } from './verifyServerTrust.ts';
import { pastedSecret } from './pastedSecret.ts';
import { signIn, type AuthService, type ConnectionSaver } from './signIn.ts';
import { tryAddress, type AnsweredAddress, type OriginTrust } from './tryAddress.ts';

/** What is known before anything is asked. */
export interface SignInStart {
  readonly url?: string;
  readonly username?: string;
  /** For `url`, and for no other address that is typed in its place. */
  readonly trust?: RegistryTrust;
  /** User and secret are wanted even if the registry at `url` seems to be open: it let nobody push. */
  readonly askCredential?: boolean;
  /** Somebody wanted to push and cannot do that yet. */
  readonly toPush?: boolean;
}

interface State {
  readonly url: string;
  /** Set once the address answers, with a certificate that is trusted. */
  readonly reached: TrustedServer | undefined;
  readonly username: string;
  /** Kept while another address is asked for, so that it need not be typed again. */
  readonly secret: string;
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
  auth: AuthService,
  saver: ConnectionSaver,
  start: SignInStart,
): Promise<Connection | undefined> {
  const state: State = {
    url: start.url ?? '',
    reached: undefined,
    username: start.username ?? '',
    secret: '',
    connection: undefined,
    problem: undefined,
  };
  const steps: readonly Step<State>[] = [
    { name: 'address', ask: (now, place) => askAddress(auth, saver, start, now, place) },
    { name: 'username', isSettled: isDone, ask: askUsername },
    { name: 'secret', isSettled: isDone, ask: (now, place) => askSecret(auth, saver, now, place) },
  ];
  const end = await runSteps('Sign In to a Registry', steps, state);
  return end?.connection;
}

/** A registry that is open to everybody needs no more than its address. */
function isDone({ connection }: State): boolean {
  return connection !== undefined;
}

async function askAddress(
  auth: AuthService,
  saver: ConnectionSaver,
  start: SignInStart,
  state: State,
  place: StepPosition,
): Promise<State> {
  const startOrigin = originOf(auth, start.url);
  const decided: OriginTrust[] = [];
  if (state.reached !== undefined) {
    decided.push({ origin: state.reached.address.origin, trust: state.reached.trust });
  }
  if (startOrigin !== undefined && start.trust !== undefined) decided.push({ origin: startOrigin, trust: start.trust });
  const closedOrigin = start.askCredential === true ? startOrigin : undefined;
  let answered: AnsweredAddress | undefined;
  const url = await askText(place, {
    prompt:
      start.toPush === true
        ? 'First sign in to a registry: the address of Gitea, Forgejo or another one'
        : 'Address of Gitea, Forgejo or another container registry',
    placeholder: 'https://gitea.example.com',
    value: state.url,
    problem: state.problem,
    judge: (text) => asProblem(problemOf(() => auth.parse(text.trim()))),
    accept: async (text, signal) => {
      try {
        answered = await tryAddress({ auth, saver, consent }, { text, decided, closedOrigin }, { signal });
        return answered === undefined ? refused(auth.parse(text.trim())) : undefined;
      } catch (error) {
        return explainShortly(error);
      }
    },
  });
  return { ...state, url, reached: answered?.reached, connection: answered?.connection, problem: undefined };
}

function originOf(auth: AuthService, url: string | undefined): string | undefined {
  try {
    return url === undefined ? undefined : auth.parse(url).origin;
  } catch {
    return undefined;
  }
}

async function askUsername(state: State, place: StepPosition): Promise<State> {
  const username = await askText(place, {
    prompt: `User name on ${hostOf(state)}`,
    value: state.username,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(text.trim() === '' ? 'A user name is needed, even with a token.' : undefined),
  });
  return { ...state, username: username.trim(), problem: undefined };
}

async function askSecret(auth: AuthService, saver: ConnectionSaver, state: State, place: StepPosition): Promise<State> {
  const { reached } = state;
  if (reached === undefined) throw new AskAgain('address', state);
  let connection: Connection | undefined;
  await askText(place, {
    prompt: `Token (with the scope write:package) or password of ${state.username} on ${reached.address.host}`,
    password: true,
    value: state.secret,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(pastedSecret(text) === '' ? 'A token or a password is needed.' : undefined),
    accept: async (typed, signal) => {
      const credential = { username: state.username, secret: pastedSecret(typed) };
      try {
        connection = await withClientCertificate(consent, reached, ({ address, trust }) =>
          signIn(auth, saver, { address, credential, trust }, { signal }),
        );
        return undefined;
      } catch (error) {
        const problem = explainShortly(error);
        if (!addressErrors.has(toTeaChestError(error).code)) return problem;
        throw new AskAgain('address', { ...state, secret: typed, problem });
      }
    },
  });
  return { ...state, secret: '', connection, problem: undefined };
}

function tokenLink(state: State): { readonly link: LinkButton } | Record<string, never> {
  if (state.reached === undefined) return {};
  const { address } = state.reached;
  const page = pageAt(address, tokenSettingsUrl(address.webRoot));
  return { link: { tooltip: 'Create a Token in the Browser', page } };
}

function hostOf(state: State): string {
  return state.reached?.address.host ?? state.url;
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

/** What is left to say after a person's no. */
function refused({ origin }: RegistryAddress): string {
  return origin.startsWith('http:')
    ? 'Nothing was sent there. Is there an https address?'
    : 'Not trusted, so nothing was sent there.';
}

/** Advice to sign in is of no use to somebody who is just doing that. */
const adviceIsHere: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['notSignedIn', 'credentialsRejected']);

function explainShortly(error: unknown): string | undefined {
  if (isCancelled(error)) return undefined;
  const failure = toTeaChestError(error, 'signIn');
  return adviceIsHere.has(failure.code) ? failure.message : errorMessage(failure).message;
}
