import type { CredentialMachine } from './credentialMachine.ts';
import { dockerLogins } from './dockerLogins.ts';
import { environmentLogins } from './environmentLogins.ts';
import { gitLogin, hasGitHelper } from './gitLogin.ts';
import { idpbuilderLogins } from './idpbuilderLogins.ts';
import { hasKeyring, keyringLogin } from './keyringLogin.ts';
import type { FoundLogin, LoginSource, SourceContents, WantedRegistry } from './login.ts';
import { podmanLogins } from './podmanLogins.ts';
import { isLocalRegistry, loginsFor } from './registryKey.ts';
import { teaLogins } from './teaLogins.ts';

/** Logins, and what is wrong with files that may have more. */
export interface FoundLogins {
  readonly logins: readonly FoundLogin[];
  readonly problems: readonly string[];
}

const readers: Readonly<Partial<Record<LoginSource, (machine: CredentialMachine) => Promise<SourceContents>>>> = {
  environment: (machine) => Promise.resolve(environmentLogins(machine)),
  idpbuilder: idpbuilderLogins,
  docker: dockerLogins,
  podman: podmanLogins,
  tea: (machine) => teaLogins(machine),
};

/** All logins of the files and the environment, for any registry. Starts no program. */
export async function storedLogins(machine: CredentialMachine): Promise<FoundLogins> {
  const contents = await Promise.all(Object.values(readers).map((read) => read(machine)));
  return {
    logins: contents.flatMap(({ logins }) => logins),
    problems: contents.flatMap(({ problem }) => problem ?? []),
  };
}

/** The logins that a person may choose for a registry. No secret is asked of a helper program for that. */
export async function findLogins(
  machine: CredentialMachine,
  wanted: WantedRegistry,
  options: { readonly signal: AbortSignal },
): Promise<FoundLogins> {
  const [stored, hasGit, keyring] = await Promise.all([
    storedLogins(machine),
    hasGitHelper(machine, wanted.origin, options),
    isLocalRegistry(wanted.origin) && hasKeyring(machine, options),
  ]);
  const programs = [...(hasGit ? [gitLogin(machine)] : []), ...(keyring ? [keyringLogin(machine)] : [])];
  const logins = loginsFor([...stored.logins, ...programs], wanted);
  return { logins: withoutRepeatedHelpers(logins), problems: stored.problems };
}

/** The logins of one source that a caller has named. */
export async function loginsOf(
  machine: CredentialMachine,
  source: LoginSource,
  wanted: WantedRegistry,
): Promise<FoundLogins> {
  if (source === 'git') return { logins: [gitLogin(machine)], problems: [] };
  if (source === 'keyring') return { logins: loginsFor([keyringLogin(machine)], wanted), problems: [] };
  const { logins = [], problem } = (await readers[source]?.(machine)) ?? {};
  return {
    logins: withoutRepeatedHelpers(loginsFor(logins, wanted)),
    problems: problem === undefined ? [] : [problem],
  };
}

/** A store that a file names for a registry is not offered once more for all registries. */
function withoutRepeatedHelpers(logins: readonly FoundLogin[]): readonly FoundLogin[] {
  return logins.filter(
    (login, index) =>
      login.scope !== 'anyRegistry' ||
      !logins.slice(0, index).some(({ name, location }) => name === login.name && location === login.location),
  );
}
