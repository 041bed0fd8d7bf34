/** A body as a JSON object; an empty one for everything else, since Gitea's errors may be text, HTML or nothing. */
export function parseJsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  return asObject(parseJson(body));
}

/** A body as a JSON list of objects; undefined if it is none. */
export function parseJsonList(body: Buffer): Readonly<Record<string, unknown>>[] | undefined {
  const value = parseJson(body);
  return Array.isArray(value) ? value.map(asObject) : undefined;
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A login or a version, as Gitea and Forgejo write them: one word of plain letters. Undefined for anything else. */
export function asPlainWord(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.+~-]{1,255}$/.test(value) ? value : undefined;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
