/** VS Code cuts off longer messages. */
const defaultLimit = 1000;

/** Terminal sequences (ECMA-48): CSI with its parameters, OSC with its text, and ESC with one character. */
const terminalSequences =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -~]?/g;

/**
 * Characters that a person cannot see but that change what a screen shows: control characters, bidirectional marks,
 * overrides and isolates, zero-width characters, and lone surrogates. White space is not among them: see `whiteSpace`.
 */
const invisible = /(?![\s\u0085])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

const whiteSpace = /[\s\u0085]+/g;

/** Text from a server, a proxy, an engine or an image, as one line of at most `limit` visible characters. */
export function plainText(text: string, limit = defaultLimit): string {
  const line = text.replace(terminalSequences, '').replace(invisible, '').replace(whiteSpace, ' ').trim();
  return shortenText(line, limit);
}

/** Shortens in the middle: a sentence begins with what happened and ends with what to do next. */
export function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = limit - 1;
  const head = Math.ceil(kept * 0.6);
  return `${text.slice(0, head).replace(/[\uD800-\uDBFF]$/, '')}…${text
    .slice(text.length - (kept - head))
    .replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/** The same text with the characters that a person cannot see as `\u202e`. White space stays: it may be JSON's own. */
export function escapeInvisible(text: string): string {
  return text.replace(invisible, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}
