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
  /** Shown at once: what went wrong with the former answer. */
  readonly problem?: string | undefined;
  /** While typing, shown under the box: a `problem` must be mended, a `notice` is just said. */
  readonly judge: (text: string) => { readonly problem?: string; readonly notice?: string };
  /** After Enter; a sentence keeps the person here, undefined goes on. The signal fires when the person leaves. */
  readonly accept?: (text: string, signal: AbortSignal) => Promise<string | undefined>;
}

export interface ChoiceQuestion<T> {
  readonly placeholder: string;
  /** May still be loading: the list shows a moving bar until then. */
  readonly choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>;
  /** Turns a text that fits no choice into one, or says why it is none. */
  readonly custom?: (text: string) => Typed<T> | undefined;
}

/** Asks for a text. Rejects with `Turn` when the person goes back or out. */
export async function askText(place: StepPosition, question: TextQuestion): Promise<string> {
  const box = vscode.window.createInputBox();
  const closed = new AbortController();
  const link = question.link === undefined ? undefined : linkButton(question.link);
  present(box, place, link === undefined ? [] : [link]);
  box.prompt = inertText(question.prompt);
  box.value = question.value ?? '';
  box.placeholder = question.placeholder;
  box.password = question.password === true;
  box.validationMessage = told(question.problem) ?? (box.value === '' ? undefined : verdictOn(box.value, question));
  const listeners: vscode.Disposable[] = [];
  try {
    return await new Promise<string>((resolve, reject) => {
      const accept = async (): Promise<void> => {
        const text = box.value;
        box.validationMessage = verdictOn(text, question);
        if (question.judge(text).problem !== undefined || !box.enabled) return;
        freeze(box, true);
        const problem = await question.accept?.(text, closed.signal);
        freeze(box, false);
        if (problem === undefined) resolve(text);
        else box.validationMessage = told(problem);
      };
      listeners.push(
        box.onDidChangeValue((text) => (box.validationMessage = verdictOn(text, question))),
        box.onDidAccept(() => void accept().catch(reject)),
        box.onDidTriggerButton((button) => {
          if (button === vscode.QuickInputButtons.Back) reject(new Navigation('back'));
          else if (question.link !== undefined) void openInBrowser(question.link.page);
        }),
        box.onDidHide(() => {
          reject(new Navigation('out'));
        }),
      );
      box.show();
    });
  } finally {
    closed.abort();
    vscode.Disposable.from(...listeners, box).dispose();
  }
}

/** Asks for one of several. Rejects with `Turn` when the person goes back or out. */
export async function askChoice<T>(place: StepPosition, question: ChoiceQuestion<T>): Promise<T> {
  const list = vscode.window.createQuickPick<ChoiceRow<T>>();
  present(list, place, []);
  list.placeholder = inertText(question.placeholder);
  list.matchOnDescription = true;
  const listeners: vscode.Disposable[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      // Until the choices are there, nobody knows whether what was typed is among them.
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
          // The row with the typed text may be of the text before the last key.
          else {
            const [typed] = choiceRows(choices, list.value.trim(), question.custom);
            if (typed?.choice !== undefined && !choices.includes(typed.choice)) resolve(typed.choice.value);
          }
        }),
        list.onDidTriggerButton(() => {
          reject(new Navigation('back'));
        }),
        list.onDidHide(() => {
          reject(new Navigation('out'));
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

function present(input: vscode.QuickInput, place: StepPosition, buttons: readonly vscode.QuickInputButton[]): void {
  input.title = inertText(place.title);
  input.step = place.step;
  input.totalSteps = place.totalSteps;
  // A person goes to the browser for a token and comes back: what they typed must still be there.
  input.ignoreFocusOut = true;
  const withButtons = input as vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>;
  withButtons.buttons = place.step > 1 ? [vscode.QuickInputButtons.Back, ...buttons] : buttons;
}

function verdictOn(text: string, question: TextQuestion): string | vscode.InputBoxValidationMessage | undefined {
  const { problem, notice } = question.judge(text);
  if (problem !== undefined) return told(problem);
  return notice === undefined
    ? undefined
    : { message: inertText(notice), severity: vscode.InputBoxValidationSeverity.Info };
}

function told(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : inertText(problem);
}

function linkButton(link: LinkButton): vscode.QuickInputButton {
  return { iconPath: new vscode.ThemeIcon('link-external'), tooltip: link.tooltip };
}

function freeze(box: vscode.InputBox, frozen: boolean): void {
  box.busy = frozen;
  box.enabled = !frozen;
}

/** One question without a way back; undefined if the person leaves. */
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
