import { isCancelled, toTeaChestError, type ErrorCode } from '../../core/base/errors.ts';
import { tokenSettingsUrl } from '../../core/gitea/webUrls.ts';
import type { RegistryAddress, RegistryTrust } from '../../core/registry/types.ts';
import { askText, type LinkButton } from '../input/prompts.ts';
import { AskAgain, runSteps, type StepPosition, type Step } from '../input/runSteps.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import { pageAt, type Connection } from './connection.ts';
import { withClientCertificate } from './withClientCertificate.ts';
import { consent } from './consent.ts';
import { pastedSecret } from './pastedSecret.ts';
import { signIn, type AuthService, type SignInDependencies, type TrustedServer } from './signIn.ts';
import { tryAddress, type AnsweredAddress, type OriginTrust } from './tryAddress.ts';
import type { TrustDependencies } from './verifyServerTrust.ts';

/** What the sign-in dialog begins with. */
export interface SignInStart {
  readonly url?: string;
  readonly username?: string;
  /** Trust in `url`. It does not apply to another address that is typed instead. */
  readonly trust?: RegistryTrust;
  /** Ask for user and secret even if the registry at `url` seems to be open, because it refused a push. */
  readonly askCredential?: boolean;
  /** The person wants to push, and has to sign in first. */
  readonly toPush?: boolean;
}

interface State {
  readonly url: string;
  /** Set once the address has answered and is trusted. */
  readonly reached?: TrustedServer | undefined;
  readonly username: string;
  /** Kept while another address is typed, so that it need not be typed again. */
  readonly secret: string;
  readonly connection?: Connection | undefined;
  /** Why the last attempt failed. Shown at the step that can correct it. */
  readonly problem?: string | undefined;
}

/** Errors that another address can fix. All others are shown at the last step, where the secret is typed. */
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

/** Asks for address, user and secret, checks them, and saves them. Undefined if the person cancels. */
export async function askSignIn(
  { auth, store }: SignInDependencies,
  start: SignInStart,
): Promise<Connection | undefined> {
  const dependencies = { auth, store, consent };
  // A registry that needs no sign-in is done after the address.
  const isSettled = ({ connection }: State): boolean => connection !== undefined;
  const steps: readonly Step<State>[] = [
    { name: 'address', ask: (state, position) => askAddress(dependencies, start, state, position) },
    { name: 'username', isSettled, ask: askUsername },
    { name: 'secret', isSettled, ask: (state, position) => askSecret(dependencies, state, position) },
  ];
  const first: State = { url: start.url ?? '', username: start.username ?? '', secret: '' };
  return (await runSteps('Sign In to a Registry', steps, first))?.connection;
}

async function askAddress(
  dependencies: TrustDependencies,
  start: SignInStart,
  state: State,
  position: StepPosition,
): Promise<State> {
  const { auth } = dependencies;
  const startOrigin = originOf(auth, start.url);
  const decided: OriginTrust[] = [];
  if (state.reached !== undefined) {
    decided.push({ origin: state.reached.address.origin, trust: state.reached.trust });
  }
  if (startOrigin !== undefined && start.trust !== undefined) decided.push({ origin: startOrigin, trust: start.trust });
  const closedOrigin = start.askCredential === true ? startOrigin : undefined;
  let answered: AnsweredAddress | undefined;
  const url = await askText(position, {
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
        answered = await tryAddress(dependencies, { text, decided, closedOrigin }, { signal });
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

async function askUsername(state: State, position: StepPosition): Promise<State> {
  const username = await askText(position, {
    prompt: `User name on ${hostOf(state)}`,
    value: state.username,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(text.trim() === '' ? 'A user name is needed, even with a token.' : undefined),
  });
  return { ...state, username: username.trim(), problem: undefined };
}

async function askSecret(dependencies: TrustDependencies, state: State, position: StepPosition): Promise<State> {
  const { reached } = state;
  if (reached === undefined) throw new AskAgain('address', state);
  let connection: Connection | undefined;
  await askText(position, {
    prompt: `Token (with the scope write:package) or password of ${state.username} on ${reached.address.host}`,
    password: true,
    value: state.secret,
    problem: state.problem,
    ...tokenLink(state),
    judge: (text) => asProblem(pastedSecret(text) === '' ? 'A token or a password is needed.' : undefined),
    accept: async (typed, signal) => {
      const credential = { username: state.username, secret: pastedSecret(typed) };
      try {
        connection = await withClientCertificate(consent, reached, (server) =>
          signIn(dependencies, { ...server, credential }, { signal }),
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

/** The message after the person declined to trust the address. */
function refused({ origin }: RegistryAddress): string {
  return origin.startsWith('http:')
    ? 'Nothing was sent there. Is there an https address?'
    : 'Not trusted, so nothing was sent there.';
}

/** The usual advice for these is to sign in, which the person is doing already. */
const signInErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['notSignedIn', 'credentialsRejected']);

function explainShortly(error: unknown): string | undefined {
  if (isCancelled(error)) return undefined;
  const failure = toTeaChestError(error, 'signIn');
  return signInErrors.has(failure.code) ? failure.message : errorMessage(failure).message;
}
