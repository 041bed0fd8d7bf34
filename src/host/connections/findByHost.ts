import type { Connection } from './connection.ts';

/**
 * The connection that the registry part of an image reference means: in any case, with or without the default port of
 * its scheme. That part has no scheme: where both are known, https is meant.
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
