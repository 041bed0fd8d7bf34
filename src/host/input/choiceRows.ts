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
 * delay before Enter. The typed text gets a row only if no choice matches it, or it would always be the best match.
 */
export function choiceRows<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): readonly ChoiceRow<T>[] {
  const rows = choices.map(choiceRow);
  const hasMatch = text === '' || choices.some((choice) => choice.always !== true && matches(choice, text));
  const typed = hasMatch ? undefined : custom?.(text);
  return typed === undefined ? rows : [typedRow(typed), ...rows];
}

/** The first row, so that Enter accepts it and not a choice that is always shown. */
function typedRow<T>(typed: Typed<T>): ChoiceRow<T> {
  if ('problem' in typed) return { label: withIcon('error', typed.problem), alwaysShow: true };
  return { ...choiceRow(typed), alwaysShow: true };
}

/** Like VS Code: the whole text, in any case, in the label or the description (matchesContiguous, filters.ts). */
function matches<T>({ label, description = '' }: Choice<T>, text: string): boolean {
  return [label, description].some((part) => part.toLowerCase().includes(text.toLowerCase()));
}
