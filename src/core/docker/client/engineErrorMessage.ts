import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';

const message = lenient(v.pipe(v.string(), v.nonEmpty()));
const engineError = v.object({ message, errorDetail: lenient(v.object({ message })), error: message });

/**
 * The message in an error body: docker's `{"message"}`, the `{"errorDetail":{"message"},"error"}` that it appends to a
 * stream, podman's `{"cause","message"}`, or plain text. Undefined if the body is empty.
 */
export function engineErrorMessage(body: string): string | undefined {
  const text = body.trim();
  return readMessage(text) ?? (text === '' ? undefined : text);
}

/** The same for an error that was appended to other bytes: only a JSON error at the very end counts. */
export function appendedErrorMessage(tail: Buffer): string | undefined {
  const text = tail.toString('utf8');
  for (const { index } of text.matchAll(/\{"(?:message|errorDetail|error|cause)":/g)) {
    const message = readMessage(text.slice(index).trim());
    if (message !== undefined) return message;
  }
  return undefined;
}

function readMessage(json: string): string | undefined {
  const { message, errorDetail, error } = parseJson(engineError, json) ?? {};
  return message ?? errorDetail?.message ?? error;
}
