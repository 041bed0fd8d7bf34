import * as l10n from '@vscode/l10n';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError } from './credentialSourceErrors.ts';
import { keyringEntries, keyringNote } from './keyringEntries.ts';
import type { FoundLogin, LoginSecret } from './login.ts';

const service = 'idpbuilder';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * The entries `gitea_username` and `gitea_password` of the service `idpbuilder` in the keyring of the system, read by the
 * system's own command. They do not say for which registry they are: idpbuilder's Gitea is on this machine.
 */
export function keyringLogin(machine: CredentialMachine): FoundLogin {
  return {
    source: 'keyring',
    name: l10n.t({
      message: 'the system keyring (idpbuilder)',
      comment: 'Where a login comes from. In “Use the login of …”, and alone',
    }),
    location: `keyring entry of the service “${service}”`,
    scope: 'localRegistry',
    note: keyringNote(),
    read: async (_wanted, options) => await readPair(machine, options),
  };
}

/** True if the command is there, and where it can say so without unlocking anything, also the entry. */
export async function hasKeyring(machine: CredentialMachine, options: Options): Promise<boolean> {
  if (machine.platform === 'darwin') {
    // Without -w it gives the attributes alone, and asks nobody (man security).
    const args = ['find-generic-password', '-s', service, '-a', 'gitea_password'];
    const result = await machine.runHelper({ command: 'security', args, input: '' }, options);
    return result.kind === 'ended' && result.code === 0;
  }
  if (machine.platform !== 'linux') return false;
  const result = await machine.runHelper({ command: 'secret-tool', args: ['--version'], input: '' }, options);
  return result.kind === 'ended';
}

async function readPair(machine: CredentialMachine, options: Options): Promise<LoginSecret> {
  const read = keyringEntries(machine, service, options);
  const username = await read('gitea_username');
  const secret = username === undefined ? undefined : await read('gitea_password');
  if (username !== undefined && secret !== undefined) return { username, secret };
  const missing = username === undefined ? 'gitea_username' : 'gitea_password';
  throw credentialSourceError(l10n.t`The keyring has no ${missing} of the service “${service}”.`);
}
