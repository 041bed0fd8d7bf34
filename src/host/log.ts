import type { LogOutputChannel } from 'vscode';
import type { Logger } from '../core/base/logger.ts';

/** The channel as the core's logger. Credentials that stand in a URL are blotted out, whoever wrote the line. */
export function createLogger(channel: LogOutputChannel): Logger {
  const write =
    (level: keyof Logger) =>
    (message: string): void => {
      channel[level](withoutCredentials(message));
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
