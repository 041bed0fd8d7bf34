/** What the core needs of a log. The host gives a LogOutputChannel; tests give an array. Never pass a secret. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
