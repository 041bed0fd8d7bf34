import type { QuickPickItem } from 'vscode';
import { inertText, withIcon } from '../display/inertText.ts';

/** An option of a list. Its texts may come from outside. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  /** A second line. */
  readonly detail?: string;
  readonly icon?: string;
  /** Shown whatever the person types. */
  readonly always?: boolean;
  readonly value: T;
  /** Buttons in the row, each of which chooses another value. */
  readonly others?: readonly { readonly icon: string; readonly tooltip: string; readonly value: T }[];
}

/** A typed text as a choice, or the reason why it is not valid. */
export type Typed<T> = Choice<T> | { readonly problem: string };

/** A row of the list. Without a `choice` it only shows a message. */
export interface ChoiceRow<T> extends QuickPickItem {
  readonly choice?: Choice<T>;
}

export function choiceRow<T>(choice: Choice<T>): ChoiceRow<T> {
  const { label, description, detail, icon, always } = choice;
  return {
    label: withIcon(icon, label),
    ...(description !== undefined && { description: inertText(description) }),
    ...(detail !== undefined && { detail: inertText(detail) }),
    ...(always === true && { alwaysShow: true }),
    choice,
  };
}

/** Why a choice cannot be accepted: in one line, or in two. `instead`: a choice that can be. */
export type Problem<T = never> =
  string | { readonly label: string; readonly detail: string; readonly instead?: Choice<T> | undefined };

/** A quick pick has no validation message, so a row shows it. */
export function problemRows<T>(problem: Problem<T>): readonly ChoiceRow<T>[] {
  if (typeof problem === 'string') return [{ label: withIcon('error', problem), alwaysShow: true }];
  const { label, detail, instead } = problem;
  const row = { label: withIcon('error', label), detail: inertText(detail), alwaysShow: true };
  return instead === undefined ? [row] : [row, { ...choiceRow(instead), alwaysShow: true }];
}

/**
 * The rows of a list. All choices stay in it, because VS Code itself filters and sorts them by the typed text, without a
 * delay before Enter. VS Code tells the extension the number of the row that Enter took, and that row may be of an earlier
 * list. So each choice keeps its number: what was typed comes after all of them.
 */
export function choiceRows<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): readonly ChoiceRow<T>[] {
  const typed = typedRow(choices, text, custom);
  if (typed === undefined) return choices.map(choiceRow);
  // The typed row is then the only one that is shown, so that Enter accepts it.
  return [...choices.map((choice) => ({ ...choiceRow({ ...choice, always: false }), choice })), typed];
}

/**
 * The choice of the row that Enter took; undefined if the row only shows a message. Enter may have come before the rows for
 * the last key: then it took a row that is not shown any more, and what was typed is meant.
 */
export function chosenOf<T>(
  row: ChoiceRow<T> | undefined,
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): Choice<T> | undefined {
  const choice = row?.choice;
  if (choice === undefined) return undefined;
  const typed = typedRow(choices, text, custom);
  const isShown = choices.includes(choice) && (typed === undefined || matches(choice, text));
  return isShown ? choice : typed?.choice;
}

/** The row of the typed text. Only if no choice matches it, or it would always be the best match. */
function typedRow<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): ChoiceRow<T> | undefined {
  const hasMatch = text === '' || choices.some((choice) => choice.always !== true && matches(choice, text));
  const typed = hasMatch ? undefined : custom?.(text);
  if (typed === undefined) return undefined;
  if ('problem' in typed) return { label: withIcon('error', typed.problem), alwaysShow: true };
  return { ...choiceRow(typed), alwaysShow: true };
}

/** Like VS Code: the whole text, in any case, in the label or the description (matchesContiguous, filters.ts). */
function matches<T>({ label, description = '' }: Choice<T>, text: string): boolean {
  return [label, description].some((part) => part.toLowerCase().includes(text.toLowerCase()));
}
