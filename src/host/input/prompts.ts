import * as vscode from 'vscode';
import { inertText } from '../display/inertText.ts';
import { openInBrowser, type WebPage } from '../openInBrowser.ts';
import { choiceRow, choiceRows, type Choice, type ChoiceRow, type Typed } from './choiceRows.ts';
import { Navigation, type StepPosition } from './runSteps.ts';

/** A button in the title of a prompt that opens a page. */
export interface LinkButton {
  readonly tooltip: string;
  readonly page: WebPage;
}

export interface TextQuestion {
  readonly prompt: string;
  readonly placeholder?: string;
  readonly value?: string;
  readonly password?: boolean;
  readonly link?: LinkButton;
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
  /** Turns a text that matches no choice into one, or explains why it is not valid. */
  readonly custom?: (text: string) => Typed<T> | undefined;
}

/** Asks for a text. Rejects with `Navigation` if the person goes back or cancels. */
export async function askText(position: StepPosition, question: TextQuestion): Promise<string> {
  const box = vscode.window.createInputBox();
  const closed = new AbortController();
  const link = question.link === undefined ? undefined : linkButton(question.link);
  initialize(box, position, link === undefined ? [] : [link]);
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
          else if (question.link !== undefined) void openInBrowser(question.link.page);
        }),
        box.onDidHide(() => {
          reject(new Navigation('cancel'));
        }),
      );
      box.show();
    });
  } finally {
    closed.abort();
    vscode.Disposable.from(...listeners, box).dispose();
  }
}

/** Asks for one of several choices. Rejects with `Navigation` if the person goes back or cancels. */
export async function askChoice<T>(position: StepPosition, question: ChoiceQuestion<T>): Promise<T> {
  const list = vscode.window.createQuickPick<ChoiceRow<T>>();
  initialize(list, position, []);
  list.placeholder = inertText(question.placeholder);
  list.matchOnDescription = true;
  const listeners: vscode.Disposable[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      // Undefined while loading. Nothing can be accepted until then.
      let choices: readonly Choice<T>[] | undefined;
      const draw = (): void => {
        list.items = choices === undefined ? [] : choiceRows(choices, list.value.trim(), question.custom);
      };
      listeners.push(
        list.onDidChangeValue(draw),
        list.onDidAccept(() => {
          const choice = list.selectedItems[0]?.choice;
          if (choice === undefined || choices === undefined) return;
          if (choices.includes(choice)) resolve(choice.value);
          // The row of the typed text may lag behind the last key.
          else {
            const [typed] = choiceRows(choices, list.value.trim(), question.custom);
            if (typed?.choice !== undefined && !choices.includes(typed.choice)) resolve(typed.choice.value);
          }
        }),
        list.onDidTriggerButton(() => {
          reject(new Navigation('back'));
        }),
        list.onDidHide(() => {
          reject(new Navigation('cancel'));
        }),
      );
      list.busy = true;
      list.show();
      Promise.resolve(question.choices).then((loaded) => {
        choices = loaded;
        list.busy = false;
        draw();
      }, reject);
    });
  } finally {
    vscode.Disposable.from(...listeners, list).dispose();
  }
}

function initialize(
  input: vscode.QuickInput,
  position: StepPosition,
  buttons: readonly vscode.QuickInputButton[],
): void {
  input.title = inertText(position.title);
  input.step = position.step;
  input.totalSteps = position.totalSteps;
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

function linkButton(link: LinkButton): vscode.QuickInputButton {
  return { iconPath: new vscode.ThemeIcon('link-external'), tooltip: link.tooltip };
}

function setBusy(box: vscode.InputBox, busy: boolean): void {
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
