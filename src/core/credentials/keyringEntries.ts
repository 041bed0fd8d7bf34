import * as l10n from '@vscode/l10n';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError, helperFailed, tooSlow } from './credentialSourceErrors.ts';
import type { HelperCommand } from './helperProcess.ts';

/** For all entries of one login together: the keyring may ask the person to unlock it, and they have chosen it. */
const keyringLimitMs = 60_000;

/** Gives the entry of an account; undefined if there is none. */
export type ReadKeyringEntry = (account: string) => Promise<string | undefined>;

/** The entries of a service in the keyring of the system, read by the system's own command, which may ask the person. */
export function keyringEntries(
  machine: CredentialMachine,
  service: string,
  { signal }: { readonly signal: AbortSignal },
): ReadKeyringEntry {
  const endsAt = Date.now() + keyringLimitMs;
  return async (account) => {
    // Programs name the attribute of the account differently.
    for (const command of commandsFor(machine, service, account)) {
      const limitMs = endsAt - Date.now();
      const result = limitMs <= 0 ? timeIsUp : await machine.runHelper(command, { signal, limitMs });
      if (result.kind === 'notFound') throw credentialSourceError(notInstalled(command.command));
      if (result.kind === 'tooSlow') throw tooSlow(command.command, keyringLimitMs);
      const value = result.stdout.replace(/\r?\n$/, '');
      if (result.code === 0 && value !== '') return machine.platform === 'darwin' ? decodeGoKeyring(value) : value;
      const isMissing = result.stderr.trim() === '' || /could not be found/i.test(result.stderr);
      if (!isMissing) throw helperFailed(command.command, { stdout: '', stderr: result.stderr });
    }
    return undefined;
  };
}

/** Beside a login whose secret is in the keyring. */
export function keyringNote(): string {
  return l10n.t({
    message: 'the keyring may ask to be unlocked',
    comment: 'Beside the name of a login, which it describes',
  });
}

const timeIsUp = { kind: 'tooSlow' } as const;

/** Why no command of this system gives an entry; undefined if one does. */
export function keyringObstacle({ platform }: CredentialMachine): string | undefined {
  return platform === 'win32'
    ? l10n.t(
        'Windows has no command that gives an entry of its Credential Manager to a program. Enter user and password instead.',
      )
    : undefined;
}

function commandsFor(machine: CredentialMachine, service: string, account: string): readonly HelperCommand[] {
  if (machine.platform === 'darwin') {
    const args = ['find-generic-password', '-s', service, '-a', account, '-w'];
    return [{ command: 'security', args, input: '' }];
  }
  const obstacle = keyringObstacle(machine);
  if (obstacle !== undefined) throw credentialSourceError(obstacle);
  // “username”: Python’s keyring and Go’s go-keyring; “account”: keytar.
  return ['username', 'account'].map((attribute) => ({
    command: 'secret-tool',
    args: ['lookup', 'service', service, attribute, account],
    input: '',
  }));
}

/** On macOS, Go's go-keyring writes each value encoded (zalando/go-keyring, keyring_darwin.go). */
function decodeGoKeyring(value: string): string {
  const [, encoding, encoded = ''] = /^go-keyring-(base64|encoded):(.*)$/s.exec(value) ?? [];
  if (encoding === undefined) return value;
  return Buffer.from(encoded, encoding === 'base64' ? 'base64' : 'hex').toString('utf8');
}

function notInstalled(command: string): string {
  return command === 'secret-tool'
    ? l10n.t(
        'secret-tool, which reads the keyring, was not found on the PATH. The package is called libsecret-tools or libsecret.',
      )
    : l10n.t`${command} was not found on the PATH.`;
}
