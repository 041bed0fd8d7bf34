import { plainText } from '../base/plainText.ts';

/** What an answer with a secret looks like: docker's helpers write JSON, git's write lines. */
const answer = /["']?(?:secret|password|passphrase|token|authorization)["']?\s*[:=]|\b(?:bearer|basic)\s/i;

/** True if a text may be an answer with a secret, which is not shown. */
export function hasSecretIn(text: string): boolean {
  return answer.test(text);
}

/** Words of the messages that docker-credential-helpers writes to stdout, where its answers are too (pass, secretservice, osxkeychain). */
const errorWords =
  /\b(?:error|exit status|fail(?:ed|ure)?|cannot|can't|could not|not (?:found|initialized|allowed|provided|correct|available|logged)|no such|denied|locked|cancell?ed|dismissed|expired|timed out|unknown)\b/i;

/** A secret is a long word; so are paths and addresses, which are left out as well. Names of D-Bus are kept. */
const longWord = /(?!org\.freedesktop\.[\w.]+)(?<!\S)\S{20,}/g;

/**
 * The error text of a helper that failed, without anything that may be a secret; empty if nothing can be shown. Of stdout
 * only known forms of errors are shown: a helper may write a login there and fail nevertheless.
 */
export function helperMessage({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  if (hasSecretIn(stdout) || hasSecretIn(stderr)) return '';
  const text = plainText(stderr.trim() === '' ? (errorWords.test(stdout) ? stdout : '') : stderr, 300);
  const shown = text.replace(longWord, '…');
  // One word by itself may be a secret of any length.
  return /\S\s+\S/.test(shown) ? shown : '';
}
