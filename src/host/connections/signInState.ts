import { isCancelled, toTeaChestError, type ErrorCode } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { LocalCluster } from '../../core/idpbuilder/findClusters.ts';
import type { RegistryTrust } from '../../core/registry/types.ts';
import { errorMessage } from '../errors/errorMessages.ts';
import type { Connection } from './connection.ts';
import type { LocalClusters } from './localClusters.ts';
import type { LoginSources } from './loginSources.ts';
import type { CheckedSignIn, SignInDependencies, TrustedServer } from './signIn.ts';
import type { Consent } from './verifyServerTrust.ts';

/** What the sign-in dialog begins with. */
export interface SignInStart {
  readonly url?: string;
  readonly username?: string;
  /** The repository of a push that needs the sign-in. */
  readonly repository?: string | undefined;
  /** Trust in `url`. It does not apply to another address that is typed instead. */
  readonly trust?: RegistryTrust;
  /** Ask for user and secret even if the registry at `url` seems to be open, because it refused a push. */
  readonly askCredential?: boolean;
  /** The person wants to push, and has to sign in first. */
  readonly toPush?: boolean;
}

export interface AskSignInDependencies extends SignInDependencies {
  readonly logins: LoginSources;
  readonly clusters: LocalClusters;
  readonly logger: Logger;
}

/** What the steps of the dialog need. */
export interface SignInDialog extends AskSignInDependencies {
  readonly start: SignInStart;
  readonly consent: Consent;
}

/** A sign-in that is saved. */
export interface SignedIn {
  readonly connection: Connection;
  /** What the token may do; undefined if the server does not say. */
  readonly scope: string | undefined;
  /** Scopes that it is known to lack. */
  readonly lacks?: readonly string[];
  /** The source of the login, for a person: `Docker (config.json)`. Undefined if it was typed. */
  readonly source?: string | undefined;
  readonly sessionOnly?: boolean;
  /** The name of the token that was made. */
  readonly tokenName?: string;
}

export interface SignInState {
  readonly url: string;
  /** The address was chosen from a list, and has answered. */
  readonly isSuggested: boolean;
  /** Set once the address has answered and is trusted. */
  readonly reached?: TrustedServer | undefined;
  readonly username: string;
  /** The user name was a part of the address: it is not asked for. */
  readonly isUserTyped?: boolean;
  /** Kept while another address is typed, so that it need not be typed again. */
  readonly secret: string;
  /** The person wants to connect to the Gitea of this cluster. Nothing else is asked then. */
  readonly cluster?: LocalCluster | undefined;
  /** A login of this machine was chosen. Undefined: user and secret are typed. */
  readonly source?: string | undefined;
  /** The registry accepts this password. The person says what is stored. */
  readonly password?: CheckedSignIn | undefined;
  /** A password alone is not enough. */
  readonly needsCode: boolean;
  readonly done?: SignedIn | undefined;
  /** Why the last attempt failed. Shown at the step that can correct it. */
  readonly problem?: string | undefined;
}

/** Errors that another address can fix. All others are shown at the last step, where the secret is typed. */
export const addressErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'urlInvalid',
  'registryUnreachable',
  'certificateUntrusted',
  'certificateChanged',
  'certificateInvalid',
  'plainHttp',
  'notARegistry',
  'proxyFailed',
]);

/** The usual advice for these is to sign in, which the person is doing already. */
const signInErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'notSignedIn',
  'credentialsRejected',
  'credentialSourceFailed',
]);

export function explainShortly(error: unknown): string | undefined {
  if (isCancelled(error)) return undefined;
  const failure = toTeaChestError(error, 'signIn');
  return signInErrors.has(failure.code) ? failure.message : errorMessage(failure).message;
}

export function hostOf(state: SignInState): string {
  return state.reached?.address.host ?? state.url;
}
