import { toTeaChestError, type ErrorCode, type TeaChestError } from '../../core/base/errors.ts';
import type { ActionKind } from './adviceTables.ts';
import { actionTitle, errorMessage } from './errorMessages.ts';

/** What the buttons do; a kind without a function gets no button. */
export type ActionHandlers = Readonly<Partial<Record<ActionKind, () => unknown>>>;

interface Button {
  readonly title: string;
  readonly kind: ActionKind;
}

/** Shows a message with buttons; undefined if the person closes it. `code`: for the page with more about it. */
export type ShowError = (
  message: string,
  buttons: readonly Button[],
  code: ErrorCode,
) => PromiseLike<Button | undefined>;

/**
 * Shows an error and runs the action that the person chooses. If the action fails, its error is shown in the same way,
 * and a retry repeats the action. Never rejects because of an action. `failed` says which operation failed, where that is
 * not obvious: `Push of app:1 to dev/app:1 failed`.
 */
export async function offerActions(
  error: unknown,
  handlers: ActionHandlers,
  show: ShowError,
  failed?: string,
): Promise<void> {
  const failure = toTeaChestError(error);
  if (failure.code === 'cancelled') return;
  const { message, actions } = errorMessage(failure);
  const possible = actions.filter((kind) => handlers[kind] !== undefined);
  const buttons = withDetails(possible, handlers).map((kind) => ({ title: actionTitle(kind, failure.code), kind }));
  const text = failed === undefined ? prefixed(failure, message) : `${failed}: ${message}`;
  const choice = await show(text, buttons, failure.code);
  const run = choice && handlers[choice.kind];
  if (run === undefined) return;
  try {
    await run();
  } catch (next) {
    await offerActions(next, { ...handlers, retry: run }, show);
  }
}

/** A notification has room for no more. */
const mostButtons = 3;

/** What failed may have a page with all that is known of it, the log's lines among its buttons: it stands for the log. */
function withDetails(actions: readonly ActionKind[], { showDetails }: ActionHandlers): readonly ActionKind[] {
  if (showDetails === undefined) return actions;
  const others = actions.filter((kind) => kind !== 'showLog');
  return others.length < mostButtons ? [...others, 'showDetails'] : others;
}

function prefixed(failure: TeaChestError, message: string): string {
  const image = failure.facts['image'];
  return typeof image === 'string' && !message.includes(image) ? `${image}: ${message}` : message;
}
