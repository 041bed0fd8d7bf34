import { plainText } from '../base/plainText.ts';

/** What an answer with a secret looks like: docker's helpers write JSON, git's write lines. */
const answer = /["']?(?:secret|password|passphrase|token|authorization)["']?\s*[:=]|\b(?:bearer|basic)\s/i;

/** True if a text may be an answer with a secret, which is not shown. */
export function hasSecretIn(text: string): boolean {
  return answer.test(text);
}

/**
 * Messages that docker-credential-helpers write to stdout, where their answers are too (credentials/credentials.go, Serve):
 * those of pass (pass/pass.go), gpg, D-Bus, the secret service, the keychain and Windows. Each is whole, without a part that
 * can be any text.
 */
const knownErrors = [
  /pass not initialized/,
  /exec: "pass": executable file not found in \$PATH/,
  /password store is empty(?:\. Try "pass init"\.?)?/,
  /gpg: (?:public key )?decryption failed: (?:No secret key|No pinentry|Bad passphrase|Timeout|Operation cancelled|Inappropriate ioctl for device)/,
  /gpg: can't connect to the (?:gpg-)?agent: (?:IPC connect call failed|No such file or directory)/,
  /Cannot autolaunch D-Bus without X11 \$DISPLAY/,
  /Could not connect: (?:No such file or directory|Connection refused|Permission denied)/,
  /The name org\.freedesktop\.secrets was not provided by any \.service files/,
  /Object does not exist at path “\/org\/freedesktop\/secrets\/[\w/]{1,60}”/,
  /Cannot get secret of a locked object/,
  /Prompt was dismissed/,
  /User interaction is not allowed\.?/,
  /User canceled the operation\.?/,
  /The user name or passphrase you entered is not correct\.?/,
  /The specified (?:item|keychain) could not be found(?: in the keychain)?\.?/,
  /A specified logon session does not exist\. It may already have been terminated\.?/,
];

/** pass.go writes `pass not initialized: exit status 1: ` and what pass wrote to stderr, which may be nothing. */
const knownError = new RegExp(
  String.raw`^(?:(?:error|exit status \d{1,3}|pass not initialized): )*(?:${knownErrors.map(({ source }) => source).join('|')})(?:: exit status \d{1,3})?:?$`,
  'i',
);

/** A secret that is made by a program is a long word; so are paths and addresses. Names of D-Bus are kept. */
const longWord = /(?!org\.freedesktop\.[\w.]+)(?<!\S)\S{20,}/g;

/**
 * The error text of a helper that failed; empty if nothing can be shown.
 *
 * If either output looks like an answer with a secret, nothing is shown. Of stdout, lines that are a known error are shown: a
 * helper may write a login there and fail nevertheless. Helpers write no secret to stderr, and its text is what a person needs;
 * so of stderr everything is shown but words of 20 and more characters, and a single word by itself. A short password among
 * other words would be shown.
 */
export function helperMessage({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  if (hasSecretIn(stdout) || hasSecretIn(stderr)) return '';
  if (stderr.trim() === '') return plainText(knownErrorsIn(stdout).join(' '), 300);
  const shown = plainText(stderr, 300).replace(longWord, '…');
  return /\S\s+\S/.test(shown) ? shown : '';
}

function knownErrorsIn(stdout: string): readonly string[] {
  return stdout
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => knownError.test(line));
}
