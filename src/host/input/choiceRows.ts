import type { QuickPickItem } from 'vscode';
import { inertText, withIcon } from '../display/inertText.ts';

/** What a person may choose; its texts may come from outside. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly icon?: string;
  /** Offered whatever is typed. */
  readonly always?: boolean;
  readonly value: T;
}

/** What a typed text comes to: a choice, or why it cannot be one. */
export type Typed<T> = Choice<T> | { readonly problem: string };

/** A choice as VS Code draws it, or a sentence among them that is none. */
export interface ChoiceRow<T> extends QuickPickItem {
  readonly choice?: Choice<T>;
}

/** A choice as a row. */
export function choiceRow<T>(choice: Choice<T>): ChoiceRow<T> {
  const { label, description, icon, always } = choice;
  return {
    label: withIcon(icon, label),
    ...(description !== undefined && { description: inertText(description) }),
    ...(always === true && { alwaysShow: true }),
    choice,
  };
}

/**
 * The rows of a list. All choices stay in it, in their order: VS Code hides those that do not fit the typed text and puts
 * the best first, at once, so that an Enter that comes before we hear of the text takes what fits too. What was typed
 * would be the best fit to itself: it is a row only where nothing else fits, or a row says why it cannot be a choice.
 */
export function choiceRows<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): readonly ChoiceRow<T>[] {
  const rows = choices.map(choiceRow);
  const isFitting = text === '' || choices.some((choice) => choice.always !== true && fits(choice, text));
  const typed = isFitting ? undefined : custom?.(text);
  return typed === undefined ? rows : [typedRow(typed), ...rows];
}

/** The row in front, so that Enter takes it and not a way on that is always shown. */
function typedRow<T>(typed: Typed<T>): ChoiceRow<T> {
  // A list says nothing under its box: a row is the only place for the reason.
  if ('problem' in typed) return { label: withIcon('error', typed.problem), alwaysShow: true };
  return { ...choiceRow(typed), alwaysShow: true };
}

/** As VS Code compares: the text as a whole, in any case, in the label or the description (matchesContiguous, filters.ts). */
function fits<T>({ label, description = '' }: Choice<T>, text: string): boolean {
  return [label, description].some((words) => words.toLowerCase().includes(text.toLowerCase()));
}
