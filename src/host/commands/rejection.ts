import { inertText } from '../display/inertText.ts';
import { toTeaChestError, type ErrorCode, type Stage } from '../../core/base/errors.ts';

/** What a command's caller gets: see docs/automation.md. */
export interface Rejection extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;
}

/**
 * A plain Error whose own properties tell what went wrong: classes do not survive the way between
 * extensions. Where a keybinding or a task runs a command, VS Code itself shows the message as a notification.
 */
export function toRejection(error: unknown, fallback: Stage): Rejection {
  const { code, stage, message } = toTeaChestError(error);
  return Object.assign(new Error(inertText(message)), { code, stage: stage ?? fallback });
}
