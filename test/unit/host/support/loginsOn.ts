import { findAddresses } from '../../../../src/core/credentials/findAddresses.ts';
import { findLogins, loginsOf } from '../../../../src/core/credentials/findLogins.ts';
import type { LoginSources } from '../../../../src/host/connections/loginSources.ts';
import { machine, options } from '../../credentials/fakeMachine.ts';

/** The logins of a machine that has these files, variables and programs. */
export function loginsOn(description: Parameters<typeof machine>[0], remotes: readonly string[] = []): LoginSources {
  const on = machine(description);
  return {
    find: (wanted) => findLogins(on, wanted, options),
    findIn: (source, wanted) => loginsOf(on, source, wanted),
    addresses: () => findAddresses(on, { remotes, images: [] }),
  };
}
