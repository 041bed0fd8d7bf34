import type { Connection } from '../connections/connection.ts';

/** Asks once for each registry, whatever comes of it: a registry that does not answer keeps a person waiting once. */
export function rememberOwners<T>(ask: (connection: Connection) => Promise<T>): {
  readonly owners: (connection: Connection) => Promise<T>;
  /** Undefined until the answer is there. */
  readonly known: (connection: Connection) => T | undefined;
} {
  const asked = new Map<string, Promise<T>>();
  const known = new Map<string, T>();
  const owners = (connection: Connection): Promise<T> => {
    const { origin } = connection;
    const former = asked.get(origin);
    if (former !== undefined) return former;
    const answer = ask(connection).then((value) => {
      known.set(origin, value);
      return value;
    });
    asked.set(origin, answer);
    return answer;
  };
  return { owners, known: ({ origin }) => known.get(origin) };
}
