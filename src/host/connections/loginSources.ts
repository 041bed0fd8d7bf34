import type { Logger } from '../../core/base/logger.ts';
import type { FoundAddress } from '../../core/credentials/findAddresses.ts';
import type { FoundLogins } from '../../core/credentials/findLogins.ts';
import type { LoginSource, WantedRegistry } from '../../core/credentials/login.ts';

/** What a sign-in asks this machine. */
export interface LoginSources {
  /** The logins that a person may choose. Reads files, and asks no helper program for a secret. */
  find(wanted: WantedRegistry): Promise<FoundLogins>;
  /** The logins of one source, in the order in which its own program would take them. */
  findIn(source: LoginSource, wanted: WantedRegistry): Promise<FoundLogins>;
  addresses(): Promise<readonly FoundAddress[]>;
}

/** What VS Code and the engine name. */
export interface NamedElsewhere {
  readonly remotes: () => Promise<readonly string[]>;
  readonly images: () => readonly string[];
}

/** A person waits for the list. */
const timeLimitMs = 8000;

/** The logins of the machine that the extension host runs on. Its code is loaded by the first sign-in. */
export function machineLogins({ remotes, images }: NamedElsewhere, logger: Logger): LoginSources {
  const report = (found: FoundLogins): FoundLogins => {
    for (const problem of found.problems) logger.warn(`Logins of this machine: ${problem}`);
    return found;
  };
  return {
    find: async (wanted) => {
      const { findLogins, machine } = await load();
      return report(await findLogins(machine, wanted, { signal: AbortSignal.timeout(timeLimitMs) }));
    },
    findIn: async (source, wanted) => {
      const { loginsOf, machine } = await load();
      return report(await loginsOf(machine, source, wanted));
    },
    addresses: async () => {
      const { findAddresses, machine } = await load();
      return await findAddresses(machine, { remotes: await remotes(), images: images() });
    },
  };
}

async function load() {
  const [{ findLogins, loginsOf }, { findAddresses }, { thisMachine }] = await Promise.all([
    import('../../core/credentials/findLogins.ts'),
    import('../../core/credentials/findAddresses.ts'),
    import('../../core/credentials/credentialMachine.ts'),
  ]);
  return { findLogins, loginsOf, findAddresses, machine: thisMachine() };
}
