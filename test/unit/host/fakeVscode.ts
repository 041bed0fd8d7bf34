/* eslint-disable @typescript-eslint/explicit-module-boundary-types -- the types of VS Code's interface are what counts */
import { registerHooks } from 'node:module';
import { setImmediate } from 'node:timers/promises';

const shown: Shown[] = [];

/** A text that was handed to VS Code, and where. */
export interface Shown {
  readonly place: string;
  readonly text: string;
}

function show(place: string, text: unknown): void {
  if (typeof text === 'string') shown.push({ place, text });
}

/** What VS Code was given since the last call. */
export function takeShown(): readonly Shown[] {
  return shown.splice(0);
}

/** An input of the quick kind: tells what is on it when it is shown or changed, and lets a test play the person. */
export class QuickInput {
  static latest: QuickInput | undefined;
  readonly handlers = new Map<string, (value: unknown) => unknown>();
  readonly place: string;
  items: readonly Row[] = [];
  selectedItems: readonly Row[] = [];
  buttons: readonly unknown[] = [];
  value = '';
  enabled = true;
  isShown = false;
  [name: string]: unknown;

  constructor(place: string) {
    this.place = place;
    QuickInput.latest = this;
    for (const name of ['onDidChangeValue', 'onDidAccept', 'onDidTriggerButton', 'onDidHide']) {
      this[name] = (handler: (value: unknown) => unknown): Disposable => {
        this.handlers.set(name, handler);
        return new Disposable();
      };
    }
  }

  show(): void {
    this.isShown = true;
    this.tell();
  }

  type(text: string): void {
    this.value = text;
    this.handlers.get('onDidChangeValue')?.(text);
    this.tell();
  }

  /** The rows that VS Code leaves, in the order in which it shows them: labels that begin so, labels, the rest. */
  shownRows(): readonly Row[] {
    const text = this.value.trim().toLowerCase();
    const bare = (row: Row): string => row.label.replace(/^\$\([a-z-]+\) /, '').toLowerCase();
    const rankOf = (row: Row): number => {
      if (bare(row) === text) return 0;
      if (bare(row).startsWith(text)) return 1;
      return bare(row).includes(text) ? 2 : 3;
    };
    const fitting = this.items.filter(
      (row) => rankOf(row) < 3 || row.description?.toLowerCase().includes(text) === true || row.alwaysShow === true,
    );
    return text === '' ? this.items : fitting.toSorted((one, other) => rankOf(one) - rankOf(other));
  }

  /** Enter: takes the first row. */
  enter(): void {
    this.take(this.shownRows()[0]);
  }

  take(row: Row | undefined): void {
    this.selectedItems = row === undefined ? [] : [row];
    this.handlers.get('onDidAccept')?.(undefined);
  }

  leave(): void {
    this.handlers.get('onDidHide')?.(undefined);
  }

  tell(): void {
    for (const name of ['title', 'prompt', 'placeholder']) show(`${this.place}.${name}`, this[name]);
    const { validationMessage: message } = this;
    show(`${this.place}.validation`, typeof message === 'object' ? (message as { message: string }).message : message);
    for (const { label, description, detail } of this.items) {
      show(`${this.place}.label`, label);
      show(`${this.place}.description`, description);
      show(`${this.place}.detail`, detail);
    }
  }

  dispose(): void {
    this.isShown = false;
  }
}

interface Row {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly alwaysShow?: boolean;
}

export class Disposable {
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    const joined = new Disposable();
    joined.dispose = () => {
      for (const one of all) one.dispose();
    };
    return joined;
  }

  dispose(): void {}
}

export class TreeItem {
  readonly label: string;
  readonly collapsibleState: number;

  constructor(label: string, collapsibleState: number) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

export class ThemeIcon {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class MarkdownString {
  readonly value: string;
  readonly supportThemeIcons: boolean;
  isTrusted: boolean | undefined;
  supportHtml: boolean | undefined;

  constructor(value: string, supportThemeIcons: boolean) {
    this.value = value;
    this.supportThemeIcons = supportThemeIcons;
  }
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ProgressLocation = { Notification: 15 };
export const StatusBarAlignment = { Left: 1 };
export const InputBoxValidationSeverity = { Info: 1 };
export const QuickInputButtons = { Back: { iconPath: new ThemeIcon('arrow-left') } };

interface MessageOptions {
  readonly detail?: string;
}

/** A message whose last button, or none, is chosen. */
function message(place: string) {
  return (text: string, ...rest: readonly unknown[]): Promise<unknown> => {
    show(place, text);
    const [first] = rest as readonly MessageOptions[];
    if (first?.detail !== undefined) for (const line of first.detail.split('\n')) show(`${place}.detail`, line);
    return Promise.resolve(undefined);
  };
}

export const window = {
  showErrorMessage: message('error'),
  showInformationMessage: message('information'),
  showWarningMessage: message('warning'),
  createInputBox: () => new QuickInput('input'),
  createQuickPick: () => new QuickInput('list'),
  showQuickPick: (items: readonly Row[], options: { readonly title?: string; readonly placeHolder?: string }) => {
    const list = new QuickInput('list');
    Object.assign(list, { items, title: options.title, placeholder: options.placeHolder });
    list.tell();
    return Promise.resolve(undefined);
  },
  createStatusBarItem: () => {
    const item = {
      text: '',
      tooltip: '',
      accessibilityInformation: { label: '' },
      show: () => {
        show('status.text', item.text);
        for (const line of item.tooltip.split('\n')) show('status.tooltip', line);
        show('status.spoken', item.accessibilityInformation.label);
      },
      hide: () => undefined,
      dispose: () => undefined,
    };
    return item;
  },
  withProgress: <T>(options: { readonly title: string }, work: (progress: unknown, token: unknown) => T): T => {
    show('progress.title', options.title);
    const report = ({ message: text }: { readonly message?: string }): void => {
      show('progress.message', text);
    };
    const token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable() };
    return work({ report }, token);
  },
};

export const env = {
  clipboard: {
    writeText: (text: string) => {
      show('clipboard', text);
      return Promise.resolve();
    },
  },
  openExternal: (url: unknown) => {
    show('browser', url);
    return Promise.resolve(true);
  },
};

export const commands = {
  executeCommand: (name: string, ...args: readonly unknown[]) => {
    show('command', [name, ...args].join(' '));
    return Promise.resolve(undefined);
  },
};

/** From here on `import 'vscode'` gives this file. Modules that use it are imported by `import()` after that. */
export function useFakeVscode(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'vscode' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
  });
}

/** The input whose prompt or placeholder has these words, once it is there and takes an answer. */
export async function inputAsking(words: RegExp): Promise<QuickInput> {
  for (;;) {
    const input = QuickInput.latest;
    const text = `${String(input?.['prompt'])} ${String(input?.['placeholder'])}`;
    if (input?.isShown === true && input.enabled && input['busy'] !== true && words.test(text)) return input;
    await setImmediate();
  }
}

/** What the input says under its box, once it does. */
export async function said(input: QuickInput): Promise<string> {
  while (!input.enabled || input['validationMessage'] === undefined) await setImmediate();
  const { validationMessage: message } = input;
  return typeof message === 'string' ? message : JSON.stringify(message);
}
