/** As long as a message of VS Code may be; it cuts off what comes after. */
const usualLimit = 1000;

/** Terminal sequences (ECMA-48): CSI with its parameters, OSC with its text, and ESC with one character. */
const terminalSequences =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -~]?/g;

/**
 * What a person cannot see but a screen obeys: control characters, bidirectional marks, overrides and isolates, zero-width
 * and other invisible characters, and halves of surrogate pairs. White space is left: see `whiteSpace`.
 */
const invisible = /(?![\s\u0085])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

const whiteSpace = /[\s\u0085]+/g;

/** Text that a server, a proxy, an engine or an image gave → one line of visible characters, of at most `limit`. */
export function plainText(text: string, limit = usualLimit): string {
  const line = text.replace(terminalSequences, '').replace(invisible, '').replace(whiteSpace, ' ').trim();
  return shortenText(line, limit);
}

/** Cut in the middle: what happened stands at the beginning of a sentence, and what to do next at its end. */
export function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = limit - 1;
  const head = Math.ceil(kept * 0.6);
  return `${text.slice(0, head).replace(/[\uD800-\uDBFF]$/, '')}…${text
    .slice(text.length - (kept - head))
    .replace(/^[\uDC00-\uDFFF]/, '')}`;
}
