import * as v from 'valibot';

/** A schema without asynchronous steps. */
type Schema<T> = v.GenericSchema<unknown, T>;

/** JSON from outside → a value of the schema; undefined for what is not JSON, and for JSON that does not fit. */
export function parseJson<T>(schema: Schema<T>, json: string | Uint8Array): T | undefined {
  try {
    return readValue(schema, JSON.parse(toText(json)));
  } catch {
    return undefined;
  }
}

/** The same, where JSON that cannot be read is an error. */
export function parseJsonOrThrow<T>(
  schema: Schema<T>,
  json: string | Uint8Array,
  toError: (cause: unknown) => Error,
): T {
  try {
    return v.parse(schema, JSON.parse(toText(json)), { abortEarly: true });
  } catch (error) {
    throw toError(error);
  }
}

/** Undefined for a value that does not fit. */
export function readValue<T>(schema: Schema<T>, value: unknown): T | undefined {
  const result = v.safeParse(schema, value, { abortEarly: true });
  return result.success ? result.output : undefined;
}

/** A member that may be missing; one that does not fit counts as missing. */
export function lenient<T>(schema: Schema<T>): v.SchemaWithFallback<v.OptionalSchema<Schema<T>, undefined>, undefined> {
  return v.fallback(v.optional(schema), undefined);
}

/** A list, without the items that do not fit; empty where it is missing or no list. */
export function listOf<T>(schema: Schema<T>): v.SchemaWithFallback<Schema<T[]>, never[]> {
  const items = v.array(lenient(schema));
  return v.fallback(
    v.pipe(
      items,
      v.transform((all) => all.filter((item) => item !== undefined)),
    ),
    [],
  );
}

/** RFC 8259 §8.1 lets a reader ignore a byte order mark, which JSON.parse refuses and TextDecoder drops. */
function toText(json: string | Uint8Array): string {
  return typeof json === 'string' ? json : new TextDecoder().decode(json);
}
