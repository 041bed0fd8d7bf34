import type { LogOutputChannel } from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { plainText, shortenText } from '../core/base/plainText.ts';

/** Longer than any line of ours; what a server says may be longer. */
const longestLine = 8000;

/**
 * The channel as the core's logger. Credentials that stand in a URL are blotted out, whoever wrote the line, and one
 * message is one line, so that words from outside cannot look like another message. It
 * never throws: VS Code closes channels of an extension that ends, and a late line must not break what is cleaned up.
 */
export function createLogger(channel: LogOutputChannel): Logger {
  const write =
    (level: keyof Logger) =>
    (message: string): void => {
      // A cut before it could take from a credential what it is known by.
      const line = withoutCredentials(plainText(message, Number.POSITIVE_INFINITY));
      try {
        channel[level](shortenText(line, longestLine));
      } catch {
        // “Channel has been closed”: nobody reads it any more.
      }
    };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** `https://user:secret@host` → `https://…@host`; `Authorization: Basic xyz` → `Authorization: …`. */
export function withoutCredentials(message: string): string {
  return message
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']+@/gi, '$1…@')
    .replace(/\b(authorization["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|token)\s+)?[^\s"',]+/gi, '$1…')
    .replace(/\b(basic|bearer)\s+[A-Za-z0-9+/_.=-]{8,}/gi, '$1 …');
}
