import { inertText } from '../display/inertText.ts';
import { toTeaChestError, type ErrorCode, type Stage } from '../../core/base/errors.ts';

/** The error that the caller of a command receives (docs/automation.md). */
export interface Rejection extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;
}

/**
 * A plain Error with `code` and `stage` as properties, because another extension cannot check for our class. If a
 * keybinding or a task runs the command, VS Code shows the message in a notification.
 */
export function toRejection(error: unknown, fallback: Stage): Rejection {
  const { code, stage, message } = toTeaChestError(error);
  return Object.assign(new Error(inertText(message)), { code, stage: stage ?? fallback });
}
