import * as vscode from 'vscode';
import { inertText } from '../display/inertText.ts';
import { openInBrowser, type WebPage } from '../openInBrowser.ts';
import {
  choiceRow,
  choiceRows,
  chosenOf,
  problemRows,
  type Choice,
  type ChoiceRow,
  type Problem,
  type Typed,
} from './choiceRows.ts';
import { whenHidden } from './askAbove.ts';
import { Navigation, type StepPosition } from './runSteps.ts';

/** A button in the title of a prompt that opens a page. */
export interface LinkButton {
  readonly tooltip: string;
  readonly page: WebPage;
}

/** A button in the title of a prompt that does something else with the typed text. */
interface ActionButton {
  readonly icon: string;
  readonly tooltip: string;
  /** A message keeps the input open. Otherwise the prompt ends; with `accepts`, as after Enter. */
  readonly run: (text: string) => string | undefined;
  readonly accepts?: boolean;
}

export interface TextQuestion {
  readonly prompt: string;
  /** A prompt with more in it, once that is known. Nobody waits for it. */
  readonly betterPrompt?: Promise<string> | undefined;
  readonly placeholder?: string;
  readonly value?: string;
  readonly password?: boolean;
  readonly link?: LinkButton;
  readonly actions?: readonly ActionButton[];
  /** Shown at once: what is wrong with the former answer. */
  readonly problem?: string | undefined;
  /** Validates while the person types. A `problem` must be corrected, a `notice` need not. */
  readonly judge: (text: string) => { readonly problem?: string; readonly notice?: string };
  /** Called after Enter. A message keeps the input open, undefined continues. The signal fires when the input closes. */
  readonly accept?: (text: string, signal: AbortSignal) => Promise<string | undefined>;
}

export interface ChoiceQuestion<T> {
  readonly placeholder: string;
  /** The list shows a progress bar while this is loading. */
  readonly choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>;
  /** The same choices with more in their texts, once that is known. Nobody waits for it. */
  readonly betterChoices?: Promise<readonly Choice<T>[]> | undefined;
  /** Turns a text that matches no choice into one, or explains why it is not valid. */
  readonly custom?: (text: string) => Typed<T> | undefined;
  /** Shown at once as the first row. */
  readonly problem?: string | undefined;
  /** Called after Enter. A problem keeps the list open, undefined continues. The signal fires when the list closes. */
  readonly accept?: (value: T, signal: AbortSignal) => Promise<Problem<T> | undefined>;
}

/** Asks for a text. Rejects with `Navigation` if the person goes back or cancels. */
export async function askText(position: StepPosition, question: TextQuestion): Promise<string> {
  const box = vscode.window.createInputBox();
  const closed = new AbortController();
  const link = question.link && iconButton('link-external', question.link.tooltip);
  const actions = (question.actions ?? []).map((action) => ({
    action,
    button: iconButton(action.icon, action.tooltip),
  }));
  initialize(box, position, [...(link === undefined ? [] : [link]), ...actions.map(({ button }) => button)]);
  box.prompt = inertText(question.prompt);
  box.value = question.value ?? '';
  box.placeholder = question.placeholder;
  box.password = question.password === true;
  box.validationMessage =
    inertMessage(question.problem) ?? (box.value === '' ? undefined : validate(box.value, question));
  const listeners: vscode.Disposable[] = [];
  try {
    return await new Promise<string>((resolve, reject) => {
      const accept = async (): Promise<void> => {
        const text = box.value;
        box.validationMessage = validate(text, question);
        if (question.judge(text).problem !== undefined || !box.enabled) return;
        setBusy(box, true);
        const problem = await question.accept?.(text, closed.signal);
        setBusy(box, false);
        if (problem === undefined) resolve(text);
        else box.validationMessage = inertMessage(problem);
      };
      listeners.push(
        box.onDidChangeValue((text) => (box.validationMessage = validate(text, question))),
        box.onDidAccept(() => void accept().catch(reject)),
        box.onDidTriggerButton((button) => {
          if (button === vscode.QuickInputButtons.Back) reject(new Navigation('back'));
          else if (button === link && question.link !== undefined) void openInBrowser(question.link.page);
          const action = actions.find((one) => one.button === button)?.action;
          if (action === undefined || !box.enabled) return;
          const problem = action.run(box.value);
          if (problem !== undefined) box.validationMessage = inertMessage(problem);
          else if (action.accepts === true) void accept().catch(reject);
          else resolve(box.value);
        }),
        whenHidden(box, closed.signal, reject),
      );
      box.show();
      question.betterPrompt?.then((prompt) => {
        if (!closed.signal.aborted) box.prompt = inertText(prompt);
      }, reject);
    });
  } finally {
    closed.abort();
    vscode.Disposable.from(...listeners, box).dispose();
  }
}

/** Asks for one of several choices. Rejects with `Navigation` if the person goes back or cancels. */
export async function askChoice<T>(position: StepPosition, question: ChoiceQuestion<T>): Promise<T> {
  const list = vscode.window.createQuickPick<ChoiceRow<T>>();
  const closed = new AbortController();
  initialize(list, position, []);
  list.placeholder = inertText(question.placeholder);
  list.matchOnDescription = true;
  const listeners: vscode.Disposable[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      // Undefined while loading. Nothing can be accepted until then.
      let choices: readonly Choice<T>[] | undefined;
      let former: readonly Choice<T>[] = [];
      let problem: Problem<T> | undefined = question.problem;
      // What was typed and refused is not offered again: it would be the best match, above the reason.
      const custom = (): typeof question.custom => (problem === undefined ? question.custom : undefined);
      const draw = (): void => {
        const rows = choices === undefined ? [] : choiceRows(choices, list.value.trim(), custom());
        list.items = [...(problem === undefined ? [] : problemRows(problem)), ...rows.map(withButtons)];
      };
      const accept = async (value: T): Promise<void> => {
        if (question.accept === undefined) resolve(value);
        if (question.accept === undefined || !list.enabled) return;
        setBusy(list, true);
        problem = await question.accept(value, closed.signal);
        setBusy(list, false);
        if (problem === undefined) resolve(value);
        else draw();
      };
      listeners.push(
        list.onDidChangeValue(() => {
          problem = undefined;
          draw();
        }),
        list.onDidAccept(() => {
          const all = [...(choices ?? []), ...former, ...insteadOf(problem)];
          const choice = chosenOf(list.selectedItems[0], all, list.value.trim(), custom());
          if (choice !== undefined) void accept(choice.value).catch(reject);
        }),
        list.onDidTriggerItemButton(({ item, button }) => {
          const other = item.choice?.others?.[item.buttons?.indexOf(button) ?? -1];
          if (other !== undefined) void accept(other.value).catch(reject);
        }),
        ...whenLeft(list, closed.signal, reject),
      );
      showLoading(list);
      Promise.resolve(question.choices).then((loaded) => {
        choices ??= loaded;
        list.busy = false;
        draw();
      }, reject);
      question.betterChoices?.then((better) => {
        if (closed.signal.aborted) return;
        former = choices ?? [];
        choices = better;
        keepActive(list, draw);
      }, reject);
    });
  } finally {
    closed.abort();
    vscode.Disposable.from(...listeners, list).dispose();
  }
}

/** Draws the rows anew, and leaves the row with the same value active. */
function keepActive<T>(list: vscode.QuickPick<ChoiceRow<T>>, draw: () => void): void {
  const active = list.activeItems[0]?.choice?.value;
  draw();
  const same = list.items.filter(({ choice }) => choice !== undefined && choice.value === active);
  if (same.length > 0) list.activeItems = same;
}

/** The person goes back by the button, or closes the list. */
function whenLeft(
  list: vscode.QuickPick<vscode.QuickPickItem>,
  closed: AbortSignal,
  reject: (navigation: Navigation) => void,
): readonly vscode.Disposable[] {
  return [
    list.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) reject(new Navigation('back'));
    }),
    whenHidden(list, closed, reject),
  ];
}

function insteadOf<T>(problem: Problem<T> | undefined): readonly Choice<T>[] {
  return typeof problem === 'object' && problem.instead !== undefined ? [problem.instead] : [];
}

/** The row with the buttons for its other values. */
function withButtons<T>(row: ChoiceRow<T>): ChoiceRow<T> {
  const others = row.choice?.others;
  return others === undefined ? row : { ...row, buttons: others.map(({ icon, tooltip }) => iconButton(icon, tooltip)) };
}

export interface SubsetQuestion<T> {
  readonly placeholder: string;
  /** The list shows a progress bar while this is loading. */
  readonly choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>;
  /** True: all are ticked at first. */
  readonly areTicked: boolean;
  /** A button in the title, which takes the ticked choices for something else than Enter does. */
  readonly other?: { readonly icon: string; readonly tooltip: string } | undefined;
}

/** The ticked choices. `isOther`: by the button, not by Enter. */
export interface Subset<T> {
  readonly values: readonly T[];
  readonly isOther: boolean;
}

/** Asks which of several choices apply: one at least. Rejects with `Navigation` if the person goes back or cancels. */
export async function askSubset<T>(position: StepPosition, question: SubsetQuestion<T>): Promise<Subset<T>> {
  const list = vscode.window.createQuickPick<ChoiceRow<T>>();
  const other = question.other && iconButton(question.other.icon, question.other.tooltip);
  initialize(list, position, other === undefined ? [] : [other]);
  list.placeholder = inertText(question.placeholder);
  list.canSelectMany = true;
  list.matchOnDescription = true;
  const listeners: vscode.Disposable[] = [];
  const closed = new AbortController();
  try {
    return await new Promise<Subset<T>>((resolve, reject) => {
      const end = (isOther: boolean): void => {
        const values = list.selectedItems.flatMap(({ choice }) => (choice === undefined ? [] : [choice.value]));
        if (values.length > 0) resolve({ values, isOther });
      };
      listeners.push(
        list.onDidAccept(() => {
          end(false);
        }),
        list.onDidTriggerButton((button) => {
          if (button === other) end(true);
        }),
        ...whenLeft(list, closed.signal, reject),
      );
      showLoading(list);
      Promise.resolve(question.choices).then((choices) => {
        list.busy = false;
        list.items = choices.map(choiceRow);
        if (question.areTicked) list.selectedItems = list.items;
      }, reject);
    });
  } finally {
    closed.abort();
    vscode.Disposable.from(...listeners, list).dispose();
  }
}

function initialize(
  input: vscode.QuickInput,
  position: StepPosition,
  buttons: readonly vscode.QuickInputButton[],
): void {
  input.title = inertText(position.title);
  if (position.totalSteps > 1) {
    input.step = position.step;
    input.totalSteps = position.totalSteps;
  }
  // The person may switch to the browser for a token. Their text must not be lost.
  input.ignoreFocusOut = true;
  const withButtons = input as vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>;
  withButtons.buttons = position.step > 1 ? [vscode.QuickInputButtons.Back, ...buttons] : buttons;
}

function validate(text: string, question: TextQuestion): string | vscode.InputBoxValidationMessage | undefined {
  const { problem, notice } = question.judge(text);
  if (problem !== undefined) return inertMessage(problem);
  return notice === undefined
    ? undefined
    : { message: inertText(notice), severity: vscode.InputBoxValidationSeverity.Info };
}

function inertMessage(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : inertText(problem);
}

function iconButton(icon: string, tooltip: string): vscode.QuickInputButton {
  return { iconPath: new vscode.ThemeIcon(icon), tooltip };
}

function showLoading(list: vscode.QuickPick<vscode.QuickPickItem>): void {
  list.busy = true;
  list.show();
}

function setBusy(box: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>, busy: boolean): void {
  box.busy = busy;
  box.enabled = !busy;
}

/** Asks a single question. Undefined if the person cancels. */
export async function pickOne<T>(
  choices: readonly Choice<T>[],
  texts: { readonly title: string; readonly placeholder?: string },
): Promise<T | undefined> {
  const picked = await vscode.window.showQuickPick(choices.map(choiceRow), {
    title: inertText(texts.title),
    ...(texts.placeholder !== undefined && { placeHolder: inertText(texts.placeholder) }),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return picked?.choice?.value;
}

/** Asks for several of these. All are ticked at first, or those that `isTicked` names. Undefined if the person cancels. */
export async function pickSeveral<T>(
  choices: readonly Choice<T>[],
  texts: { readonly title: string; readonly placeholder: string; readonly isTicked?: (value: T) => boolean },
): Promise<readonly T[] | undefined> {
  const { isTicked = (): boolean => true } = texts;
  const rows = choices.map((choice) => ({ ...choiceRow(choice), picked: isTicked(choice.value) }));
  const picked = await vscode.window.showQuickPick(rows, {
    title: inertText(texts.title),
    placeHolder: inertText(texts.placeholder),
    canPickMany: true,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return picked?.flatMap(({ choice }) => (choice === undefined ? [] : [choice.value]));
}

/** A question by itself: undefined if the person cancels. */
export async function askAlone<T>(title: string, ask: (position: StepPosition) => Promise<T>): Promise<T | undefined> {
  try {
    return await ask({ title, step: 1, totalSteps: 1 });
  } catch (error) {
    if (error instanceof Navigation) return undefined;
    throw error;
  }
}
