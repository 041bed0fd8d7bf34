import * as l10n from '@vscode/l10n';
/** A value of a variable; undefined if it is not set. */
export type Variables = (name: string) => string | undefined;

export interface Interpolated {
  readonly text: string;
  /** Variables that are not set and have no default: they stand for nothing, as for docker compose. */
  readonly unset: readonly string[];
}

/**
 * Replaces variables as docker compose does (compose-spec, 12-interpolation.md): `$NAME`, `${NAME}`, the defaults `:-` and
 * `-`, the alternatives `:+` and `+`, the errors `:?` and `?`, nested ones, and `$$` for a dollar sign.
 * @throws InterpolationError
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  const unset: string[] = [];
  return { text: replaceIn(text, variables, unset), unset };
}

function replaceIn(text: string, variables: Variables, unset: string[]): string {
  let replaced = '';
  let rest = text;
  for (let at = rest.indexOf('$'); at >= 0; at = rest.indexOf('$')) {
    replaced += rest.slice(0, at);
    const { value, length } = replaceFirst(rest.slice(at), variables, unset);
    replaced += value;
    rest = rest.slice(at + length);
  }
  return replaced + rest;
}

/** `text` begins with a dollar sign. */
function replaceFirst(
  text: string,
  variables: Variables,
  unset: string[],
): { readonly value: string; readonly length: number } {
  if (text.startsWith('$$')) return { value: '$', length: 2 };
  const [plain, name] = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(text) ?? [];
  if (plain !== undefined && name !== undefined) {
    return { value: valueOf(name, variables, unset), length: plain.length };
  }
  const end = text.startsWith('${') ? closingBrace(text) : undefined;
  const braced = end === undefined ? undefined : text.slice(2, end);
  const [, named, operator = '', word = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])(.*))?$/s.exec(braced ?? '') ?? [];
  if (end === undefined || named === undefined) throw incomplete(text);
  return { value: expand(named, operator, word, variables, unset), length: end + 1 };
}

function expand(name: string, operator: string, word: string, variables: Variables, unset: string[]): string {
  const value = variables(name);
  const isGiven = value !== undefined && (value !== '' || !operator.startsWith(':'));
  const other = (): string => replaceIn(word, variables, unset);
  switch (operator.at(-1)) {
    case '-':
      return isGiven ? value : other();
    case '+':
      return isGiven ? other() : '';
    case '?': {
      if (isGiven) return value;
      const why = other();
      throw needed(name, why);
    }
    default:
      return valueOf(name, variables, unset);
  }
}

function valueOf(name: string, variables: Variables, unset: string[]): string {
  const value = variables(name);
  if (value === undefined) unset.push(name);
  return value ?? '';
}

/** The brace that closes the first one: a default may have variables of its own. */
function closingBrace(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return undefined;
}

/** A value in which a variable cannot be replaced. */
export class InterpolationError extends Error {
  /** The sentence for a person. */
  readonly sentenceOf: (file: string) => string;

  constructor(message: string, sentenceOf: (file: string) => string) {
    super(message);
    this.sentenceOf = sentenceOf;
  }
}

function incomplete(text: string): InterpolationError {
  return new InterpolationError(
    `“${text}”, where a variable is not complete`,
    (file) => l10n.t`The compose file ${file} has “${text}”, where a variable is not complete.`,
  );
}

function needed(name: string, why: string): InterpolationError {
  if (why === '') {
    const sentenceOf = (file: string): string => l10n.t`The compose file ${file} needs the variable ${name}.`;
    return new InterpolationError(`needs the variable ${name}`, sentenceOf);
  }
  return new InterpolationError(
    `needs the variable ${name}: ${why}`,
    (file) => l10n.t`The compose file ${file} needs the variable ${name}: ${why}.`,
  );
}
