/** Programs and files of this machine that may have a login for a registry. Part of the automation contract. */
export const loginSources = ['environment', 'idpbuilder', 'docker', 'podman', 'tea', 'git', 'keyring'] as const;

export type LoginSource = (typeof loginSources)[number];

/** A user and a secret of one source. A Gitea token needs no user. */
export interface LoginSecret {
  readonly username: string | undefined;
  readonly secret: string;
  /** The source has only tokens. Otherwise it may be a password as well. */
  readonly isToken?: boolean;
}

/** The registry that a login is wanted for. */
export interface WantedRegistry {
  readonly origin: string;
  /** The repository of a push: podman has logins for a part of a registry. */
  readonly repository?: string | undefined;
}

/**
 * The registries that a login is for: an address as its file has it (`h`, `h:3000`, `https://h/v1/`, `h/team`); or, where
 * the source does not say, all registries or those of this machine.
 */
export type LoginScope = { readonly address: string } | 'anyRegistry' | 'localRegistry';

/** A login that a source of this machine has. */
export interface FoundLogin {
  readonly source: LoginSource;
  /** For a person: `Docker (config.json)`. */
  readonly name: string;
  /** The file or the command that it comes from, for the log. */
  readonly location: string;
  readonly scope: LoginScope;
  /** Undefined for a token without a user, and while only a helper program could say. */
  readonly username?: string | undefined;
  /** It is a token, and not a password. Otherwise `read` may say so. */
  readonly isToken?: boolean;
  /** What a person should know before choosing it. */
  readonly note?: string | undefined;
  /** Why it cannot be used. `read` rejects with it. */
  readonly problem?: string | undefined;
  /**
   * Gives the secret. May run a helper program, so it is called only for a login that a person or a caller has chosen.
   * @throws TeaChestError `credentialSourceFailed`
   */
  readonly read: (wanted: WantedRegistry, options: { readonly signal: AbortSignal }) => Promise<LoginSecret>;
}

/** What one source has. `problem`: its file exists, but cannot be read. */
export interface SourceContents {
  readonly logins: readonly FoundLogin[];
  readonly problem?: string | undefined;
}
