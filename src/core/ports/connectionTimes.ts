import type { CallOptions } from './callOptions.ts';

/** What the operating system counted for one TCP connection since it was opened. Milliseconds. */
export interface ConnectionTimes {
  /** The connection's local port. */
  readonly localPort: number;
  /** Bytes were unsent, or the other side had not acknowledged them. */
  readonly busy: number;
  /** The part of `busy` in which the other side had no room for more bytes: its receive window was full. */
  readonly receiver: number;
}

/**
 * Reads the counts of connections of this process, by their local ports; of those that were closed it gives none. Undefined
 * where the operating system does not say them. Never rejects.
 */
export type ReadConnectionTimes = (
  localPorts: readonly number[],
  options: CallOptions,
) => Promise<readonly ConnectionTimes[] | undefined>;
