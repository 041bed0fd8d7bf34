import type { QuickPickItem } from 'vscode';

export interface Choice<T> extends QuickPickItem {
  readonly value: T;
}

/** What a typed text comes to: a choice, or why it cannot be one. */
export type Typed<T> = Choice<T> | { readonly problem: string };

/** The rows of a list: its choices, and then what was typed, if no choice is called that already. */
export function choiceRows<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): readonly (Choice<T> | QuickPickItem)[] {
  const typed = text === '' ? undefined : custom?.(text);
  if (typed === undefined) return choices;
  // A list says nothing under its box: a row is the only place for the reason.
  if ('problem' in typed) return [...choices, { label: `$(error) ${typed.problem}`, alwaysShow: true }];
  const isThere = choices.some(({ label }) => label.toLowerCase() === typed.label.toLowerCase());
  return isThere ? choices : [...choices, { ...typed, alwaysShow: true }];
}
