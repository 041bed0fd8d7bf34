/** One command of a pasted text: its words without quotes, and nothing that a shell would run after it. */
export function commandLines(text: string): readonly (readonly string[])[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n|&&|\|\||[;|]/)
    .map((line) => wordsOf(withoutPrompt(line)))
    .filter((words) => words.length > 0);
}

/** `$ `, `# `, `> `, `user@host:~$ ` and `PS C:\> ` before a command. */
function withoutPrompt(line: string): string {
  return line.trim().replace(/^(?:PS [^>]*>|[\w.@:~/-]*[$#>%❯])\s+/, '');
}

/** Splits at white space. Only quotes around a whole word are removed: a text is never joined from pieces. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  return words.slice(0, comment < 0 ? words.length : comment).flatMap((word) => unquoted(word) || []);
}

/** Also typographic quotes, Markdown's backticks, and `<…>` as mail programs write addresses. */
export function unquoted(text: string): string {
  const trimmed = text.trim();
  const match = /^(?:"(.*)"|'(.*)'|`+(.*?)`+|“(.*)”|‘(.*)’|<(.*)>)$/s.exec(trimmed);
  const inner: readonly (string | undefined)[] = match?.slice(1) ?? [];
  return inner.find((part) => part !== undefined)?.trim() ?? trimmed;
}

/** Options of container tools that take the next word, unless their value follows a `=`. */
const valueOptions = new Set([
  ...[
    '--platform',
    '--creds',
    '--authfile',
    '--format',
    '-f',
    '--digestfile',
    '--cert-dir',
    '--context',
    '-H',
    '--host',
  ],
  ...['--config', '-l', '--log-level', '-t', '--tag', '--file', '--build-arg', '--target', '--label', '--output', '-o'],
  ...[
    '--src-creds',
    '--dest-creds',
    '--src-authfile',
    '--dest-authfile',
    '--sign-by',
    '--encryption-key',
    '--compression-format',
  ],
  ...['-u', '--username', '-p', '--password', '--namespace', '--address', '--url', '--token', '--name', '-c'],
  ...[
    '--user',
    '--cache-to',
    '--cache-from',
    '--builder',
    '--secret',
    '--ssh',
    '--network',
    '--root',
    '--storage-driver',
  ],
]);

/** The words that are neither an option nor an option's value. */
export function operands(words: readonly string[]): readonly string[] {
  return words.filter((word, at) => !word.startsWith('-') && !valueOptions.has(words[at - 1] ?? ''));
}

/** The value of an option: `-t x`, `--tag x` or `--tag=x`. */
export function optionValue(words: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [at, word] of words.entries()) {
    if (names.includes(word)) return words[at + 1];
    const name = names.find((one) => word.startsWith(`${one}=`));
    if (name !== undefined) return unquoted(word.slice(name.length + 1));
  }
  return undefined;
}
