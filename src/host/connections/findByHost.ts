import type { Connection } from './connection.ts';

/**
 * Finds the connection for the registry part of an image reference, in any case, with or without the default port. That
 * part has no scheme: https is preferred if the person is signed in by both schemes.
 */
export function findByHost(connections: readonly Connection[], host: string): Connection | undefined {
  const found = connections.filter((connection) => hasHost(connection, host));
  return found.find(({ origin }) => origin.startsWith('https:')) ?? found[0];
}

export function hasHost({ origin, host }: Pick<Connection, 'origin' | 'host'>, typed: string): boolean {
  if (/[/?#@\\\s]/.test(typed)) return false;
  const { protocol } = new URL(origin);
  const url = `${protocol}//${typed}`;
  return URL.canParse(url) && new URL(url).host === host;
}
