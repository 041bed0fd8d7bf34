import * as l10n from '@vscode/l10n';
import type { FoundLogin } from '../../core/credentials/login.ts';
import { runSteps, type Step } from '../input/runSteps.ts';
import { askAddress, askSuggestedAddress, originOf, type Suggestions } from './askAddress.ts';
import { askLogin, wantedRegistry } from './askLogin.ts';
import { askSecret, askUsername } from './askSecret.ts';
import { askCode, askWhatToKeep } from './askToken.ts';
import { connectOrReport } from './connectOrReport.ts';
import { consent } from './consent.ts';
import type { AskSignInDependencies, SignedIn, SignInDialog, SignInStart, SignInState } from './signInState.ts';

/** Asks for address and login, checks them, and saves them. Undefined if the person cancels. */
export async function askSignIn(
  dependencies: AskSignInDependencies,
  start: SignInStart,
): Promise<SignedIn | undefined> {
  const dialog: SignInDialog = { ...dependencies, start, consent };
  const first: SignInState = {
    url: start.url ?? '',
    isSuggested: false,
    username: start.username ?? '',
    secret: '',
    needsCode: false,
  };
  const answered = await runSteps(l10n.t('Sign In to a Registry'), signInSteps(dialog), first);
  return answered?.cluster === undefined ? answered?.done : await connectOrReport(dependencies, answered.cluster);
}

function signInSteps(dialog: SignInDialog): readonly Step<SignInState>[] {
  const suggested = suggestions(dialog);
  const logins = loginsOfMachine(dialog);
  // A registry that needs no sign-in is done after the address.
  const isDone = ({ done, cluster }: SignInState): boolean => done !== undefined || cluster !== undefined;
  const isTyped = (state: SignInState): boolean => isDone(state) || state.source !== undefined;
  return [
    {
      name: 'suggestedAddress',
      isSettled: async () => {
        const { addresses, clusters } = await suggested;
        return addresses.length === 0 && clusters.length === 0;
      },
      ask: async (state, position) => askSuggestedAddress(dialog, await suggested, state, position),
    },
    {
      name: 'address',
      isSettled: ({ isSuggested, cluster }) => isSuggested || cluster !== undefined,
      ask: (state, position) => askAddress(dialog, state, position),
    },
    {
      name: 'login',
      isSettled: (state) => isDone(state) || state.reached === undefined || logins(state).then(isEmpty),
      ask: async (state, position) => askLogin(dialog, await logins(state), state, position),
    },
    { name: 'username', isSettled: (state) => isTyped(state) || state.isUserTyped === true, ask: askUsername },
    { name: 'secret', isSettled: isTyped, ask: (state, position) => askSecret(dialog, state, position) },
    {
      name: 'code',
      isSettled: (state) => isDone(state) || !state.needsCode,
      ask: (state, position) => askCode(dialog, state, position),
    },
    {
      name: 'whatToKeep',
      isSettled: (state) => isDone(state) || state.password === undefined,
      ask: (state, position) => askWhatToKeep(dialog, state, position),
    },
  ];
}

/** Nothing if the address is known, or this machine cannot be read. Registries that are saved are not among them. */
async function suggestions({ start, logins, clusters, store, auth, logger }: SignInDialog): Promise<Suggestions> {
  if (start.url !== undefined) return { addresses: [], clusters: [] };
  const ignore = (error: unknown): readonly [] => {
    logger.warn(`Addresses on this machine could not be looked for: ${String(error)}`);
    return [];
  };
  const [addresses, found] = await Promise.all([
    logins.addresses().catch(ignore),
    clusters
      .find()
      .then((all) => all.clusters)
      .catch(ignore),
  ]);
  const connected = store.list().map(({ cluster }) => cluster?.context);
  return {
    addresses: addresses.filter(({ url }) => {
      if (originOf(auth, url) === undefined) return false;
      // By either scheme: the name of an image has none.
      const { host } = auth.parse(url);
      return ['https', 'http'].every((scheme) => store.find(`${scheme}://${host}`) === undefined);
    }),
    clusters: found.filter(({ isNoticed, context }) => isNoticed && !connected.includes(context)),
  };
}

/** The logins for the registry that was reached. Each registry is looked for once. */
function loginsOfMachine(dialog: SignInDialog): (state: SignInState) => Promise<readonly FoundLogin[]> {
  const found = new Map<string, Promise<readonly FoundLogin[]>>();
  return (state) => {
    const wanted = wantedRegistry(dialog, state);
    if (wanted === undefined) return Promise.resolve([]);
    const known = found.get(wanted.origin) ?? find(dialog, wanted);
    found.set(wanted.origin, known);
    return known;
  };
}

async function find(
  { logins, logger }: SignInDialog,
  wanted: { readonly origin: string },
): Promise<readonly FoundLogin[]> {
  try {
    return (await logins.find(wanted)).logins;
  } catch (error) {
    logger.warn(`Logins on this machine could not be looked for: ${String(error)}`);
    return [];
  }
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}
