import { remoteServer } from '../../core/credentials/gitRemotes.ts';
import { readPastedTarget } from '../../core/gitea/readPastedTarget.ts';
import { commandLines, operands, optionValue, unquoted } from '../../core/gitea/shellLine.ts';

/** The address of a registry in pasted text: a `docker login` or `docker push` line, a git remote, an image reference with a scheme. */
export function readPastedAddress(text: string): string {
  const typed = unquoted(text);
  for (const words of commandLines(typed)) {
    const address = addressOf(words);
    if (address !== undefined) return address;
  }
  return withoutScheme(remoteAddress(typed) ?? typed);
}

function addressOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => ['login', 'clone', 'remote', 'submodule'].includes(word));
  const [tool = ''] = words.slice(0, at).filter((word) => word !== 'sudo' && !/^[-\w]+=/.test(word));
  const program = tool.replace(/^.*[\\/]/, '').replace(/\.exe$/i, '');
  const last = operands(words.slice(at + 1)).at(-1);
  if (at > 0 && program === 'git') return last === undefined ? undefined : remoteServer(last);
  if (at > 0 && program === 'tea') return optionValue(words, '--url', '-u') ?? undefined;
  if (at > 0 && words.length > 2) return last === undefined ? undefined : withoutScheme(last);
  return words.length > 1 ? hostOfTarget(words.join(' ')) : undefined;
}

/** Of a command that pushes an image. */
function hostOfTarget(line: string): string | undefined {
  try {
    const target = readPastedTarget(line);
    return target === line || !target.includes('/') ? undefined : target.slice(0, target.indexOf('/'));
  } catch {
    return undefined;
  }
}

/** `git@h:o/r` and `ssh://…` → https. An http address stays as it is, and is refused if it has a password. */
function remoteAddress(text: string): string | undefined {
  return /^(?:(?:git\+)?ssh:\/\/|[^@/:\s]+@[^/:\s]+:)/i.test(text) ? remoteServer(text) : undefined;
}

function withoutScheme(text: string): string {
  return text.replace(/^(?:docker|oci):\/\//i, '');
}
