/**
 * The message in an error body: docker's `{"message"}`, the `{"errorDetail":{"message"},"error"}` that it appends to a
 * stream, podman's `{"cause","message"}`, or plain text. Undefined if the body is empty.
 */
export function engineErrorMessage(body: string): string | undefined {
  const text = body.trim();
  const json = parse(text);
  if (json === undefined) return text === '' ? undefined : text;
  return wordsOf(json) ?? text;
}

/** The same for an error that was appended to other bytes: only a JSON error at the very end counts. */
export function appendedErrorMessage(tail: Buffer): string | undefined {
  const text = tail.toString('utf8');
  for (const { index } of text.matchAll(/\{"(?:message|errorDetail|error|cause)":/g)) {
    const json = parse(text.slice(index).trim());
    const words = json === undefined ? undefined : wordsOf(json);
    if (words !== undefined) return words;
  }
  return undefined;
}

function wordsOf(json: object): string | undefined {
  const { message, errorDetail, error } = json as { message?: unknown; errorDetail?: unknown; error?: unknown };
  if (typeof message === 'string' && message !== '') return message;
  if (typeof errorDetail === 'object' && errorDetail !== null) return wordsOf(errorDetail);
  return typeof error === 'string' && error !== '' ? error : undefined;
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
