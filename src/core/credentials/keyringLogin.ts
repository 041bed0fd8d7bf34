import * as l10n from '@vscode/l10n';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError, helperFailed, tooSlow } from './credentialSourceErrors.ts';
import type { HelperCommand } from './helperProcess.ts';
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
    note: l10n.t({
      message: 'asks the keyring, which may ask you to unlock it',
      comment: 'Beside the name of a login, which it describes',
    }),
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
  const username = await readEntry(machine, 'gitea_username', options);
  const secret = username === undefined ? undefined : await readEntry(machine, 'gitea_password', options);
  if (username !== undefined && secret !== undefined) return { username, secret };
  const missing = username === undefined ? 'gitea_username' : 'gitea_password';
  throw credentialSourceError(l10n.t`The keyring has no ${missing} of the service “${service}”.`);
}

/** Undefined if there is no such entry. Programs name the attribute of the account differently. */
async function readEntry(machine: CredentialMachine, account: string, options: Options): Promise<string | undefined> {
  for (const command of commandsFor(machine, account)) {
    const result = await machine.runHelper(command, options);
    if (result.kind === 'notFound') throw credentialSourceError(notInstalled(command.command));
    if (result.kind === 'tooSlow') throw tooSlow(command.command);
    const value = result.stdout.replace(/\r?\n$/, '');
    if (result.code === 0 && value !== '') return value;
    const isMissing = result.stderr.trim() === '' || /could not be found/i.test(result.stderr);
    if (!isMissing) throw helperFailed(command.command, { stdout: '', stderr: result.stderr });
  }
  return undefined;
}

function commandsFor({ platform }: CredentialMachine, account: string): readonly HelperCommand[] {
  if (platform === 'darwin') {
    const args = ['find-generic-password', '-s', service, '-a', account, '-w'];
    return [{ command: 'security', args, input: '' }];
  }
  if (platform === 'win32') {
    throw credentialSourceError(
      l10n.t(
        'Windows has no command that gives an entry of its Credential Manager to a program. Enter user and password instead.',
      ),
    );
  }
  // “username”: Python’s keyring and Go’s go-keyring; “account”: keytar.
  return ['username', 'account'].map((attribute) => ({
    command: 'secret-tool',
    args: ['lookup', 'service', service, attribute, account],
    input: '',
  }));
}

function notInstalled(command: string): string {
  return command === 'secret-tool'
    ? l10n.t(
        'secret-tool, which reads the keyring, was not found on the PATH. The package is called libsecret-tools or libsecret.',
      )
    : l10n.t`${command} was not found on the PATH.`;
}
