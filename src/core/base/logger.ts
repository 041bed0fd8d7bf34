/** The log, as the core uses it; VS Code's LogOutputChannel has this shape. Never pass a secret. */
export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
