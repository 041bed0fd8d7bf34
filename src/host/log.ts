import type { LogOutputChannel } from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { plainText, shortenText } from '../core/base/plainText.ts';

/** Characters. Our own lines are shorter; the message of a server may be longer. */
const longestLine = 8000;

/**
 * The core's logger on an output channel. Removes credentials from every line. One message is one line, so that text from
 * outside cannot imitate another message. Never throws: VS Code closes the channel while the extension still cleans up.
 */
export function createLogger(channel: LogOutputChannel): Logger {
  const write =
    (level: keyof Logger) =>
    (message: string): void => {
      // Shortened last: a shortened credential might not be recognized.
      const line = withoutCredentials(plainText(message, Number.POSITIVE_INFINITY));
      try {
        channel[level](shortenText(line, longestLine));
      } catch {
        // “Channel has been closed”.
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
