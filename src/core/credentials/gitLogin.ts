import * as l10n from '@vscode/l10n';
import { asLogin } from './asLogin.ts';
import type { CredentialMachine } from './credentialMachine.ts';
import { credentialSourceError, helperFailed, tooSlow } from './credentialSourceErrors.ts';
import type { FoundLogin, LoginSecret, WantedRegistry } from './login.ts';

/** A git with no program that could ask a person (man gitcredentials, git-config: credential.interactive since 2.47). */
const withoutQuestions = ['-c', 'core.askPass=', '-c', 'credential.interactive=false'];

/** What git's credential helpers have for the host. It is read by `git credential fill`, once it is chosen. */
export function gitLogin(machine: CredentialMachine): FoundLogin {
  return {
    source: 'git',
    name: 'git',
    location: 'git credential fill',
    scope: 'anyRegistry',
    note: l10n.t({
      message: 'asks git’s credential helper',
      comment: 'Beside the name of a login, which it describes',
    }),
    read: (wanted, options) => fill(machine, wanted, options),
  };
}

/** True if git has a credential helper for this address. Reads git's settings alone, and no login. */
export async function hasGitHelper(
  machine: CredentialMachine,
  origin: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<boolean> {
  if (machine.platform === 'darwin' && !(await hasDeveloperTools(machine, { signal }))) return false;
  const args = ['config', '--get-urlmatch', 'credential.helper', origin];
  const result = await machine.runHelper({ command: 'git', args, input: '' }, { signal });
  return result.kind === 'ended' && result.code === 0 && result.stdout.trim() !== '';
}

/** Without Apple's developer tools, `git` is a program that opens a dialog to install them. */
async function hasDeveloperTools(
  machine: CredentialMachine,
  options: { readonly signal: AbortSignal },
): Promise<boolean> {
  const result = await machine.runHelper({ command: 'xcode-select', args: ['-p'], input: '' }, options);
  return result.kind === 'ended' && result.code === 0;
}

async function fill(
  machine: CredentialMachine,
  { origin }: WantedRegistry,
  options: { readonly signal: AbortSignal },
): Promise<LoginSecret> {
  const { protocol, host } = new URL(origin);
  const input = `protocol=${protocol.slice(0, -1)}\nhost=${host}\n\n`;
  const args = [...withoutQuestions, 'credential', 'fill'];
  const result = await machine.runHelper({ command: 'git', args, input }, options);
  if (result.kind === 'notFound') throw credentialSourceError(l10n.t('git was not found on the PATH.'));
  if (result.kind === 'tooSlow') throw tooSlow('git credential fill');
  if (result.code !== 0) {
    // Without a login it wants to ask, and must not: “terminal prompts disabled”.
    if (/terminal prompts disabled|could not read (?:Username|Password)/i.test(result.stderr)) {
      throw credentialSourceError(l10n.t`git has no login for ${host}.`);
    }
    throw helperFailed('git credential fill', { stdout: '', stderr: result.stderr });
  }
  const value = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(result.stdout)?.[1];
  const [username = '', secret = ''] = [value('username'), value('password')];
  const login = username === '' ? { username: undefined, secret } : asLogin(username, secret);
  // A helper may lead git to another host.
  if (value('host') !== host || login.secret === '') {
    throw credentialSourceError(l10n.t`git has no login for ${host}.`);
  }
  return login;
}
