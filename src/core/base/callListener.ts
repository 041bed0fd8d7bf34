import type { Logger } from './logger.ts';

/** Calls a listener. If it fails, that is logged: it must not end what it listens to, nor leave others waiting for it. */
export function callListener(logger: Logger, listener: () => void): void {
  try {
    listener();
  } catch (error) {
    logger.error(`A listener has failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
