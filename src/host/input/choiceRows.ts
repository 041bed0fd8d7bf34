import type { QuickPickItem } from 'vscode';
import { inertText, withIcon } from '../display/inertText.ts';

/** What a person may choose; its texts may come from outside. */
export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly icon?: string;
  /** Offered whatever is typed, below what fits. */
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
  const { label, description, icon } = choice;
  return {
    label: withIcon(icon, label),
    ...(description !== undefined && { description: inertText(description) }),
    // Which rows fit is decided here: VS Code's own filter would put a row first that is called as what was typed.
    alwaysShow: true,
    choice,
  };
}

/**
 * The rows of a list: the choices that fit the typed text, the best first, so that it is what Enter takes. Where none
 * fits, what was typed is a choice itself, or a row says why it cannot be one.
 */
export function choiceRows<T>(
  choices: readonly Choice<T>[],
  text: string,
  custom: ((text: string) => Typed<T> | undefined) | undefined,
): readonly ChoiceRow<T>[] {
  const fitting = text === '' ? choices : bestFirst(choices, text);
  const others = text === '' ? [] : choices.filter(({ always }) => always === true);
  if (fitting.length > 0) return [...fitting, ...others].map(choiceRow);
  const typed = text === '' ? undefined : custom?.(text);
  const first = typed === undefined ? [] : [typedRow(typed)];
  return [...first, ...others.map(choiceRow)];
}

/** A list says nothing under its box: a row is the only place for the reason. */
function typedRow<T>(typed: Typed<T>): ChoiceRow<T> {
  if (!('problem' in typed)) return choiceRow(typed);
  return { label: withIcon('error', typed.problem), alwaysShow: true };
}

function bestFirst<T>(choices: readonly Choice<T>[], text: string): readonly Choice<T>[] {
  return choices
    .filter(({ always }) => always !== true)
    .map((choice) => ({ choice, rank: rankOf(choice, text.toLowerCase()) }))
    .filter(({ rank }) => rank !== undefined)
    .toSorted((one, other) => (one.rank ?? 0) - (other.rank ?? 0))
    .map(({ choice }) => choice);
}

/** 0: is called so; then by how near to the beginning the words are; undefined if one of them is not there. */
function rankOf<T>({ label, description = '' }: Choice<T>, text: string): number | undefined {
  const name = label.toLowerCase();
  if (name === text) return 0;
  if (name.startsWith(text)) return 1;
  if (name.split(/[^a-z0-9]+/).some((part) => part.startsWith(text))) return 2;
  if (name.includes(text)) return 3;
  const all = `${name} ${description.toLowerCase()}`;
  return text.split(/\s+/).every((word) => all.includes(word)) ? 4 : undefined;
}
