/* eslint-disable @typescript-eslint/explicit-module-boundary-types -- the types of VS Code's interface are what counts */
import { registerHooks } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { CancellationTokenSource } from './fakeCancellation.ts';
import { Disposable, EventEmitter } from './fakeEvents.ts';
import { showFileDialog } from './fakeFileDialog.ts';
import { RelativePattern, Uri } from './fakeUri.ts';

export { CancellationTokenSource, Disposable, EventEmitter, RelativePattern, Uri };

const shown: Shown[] = [];

/** A text that was handed to VS Code, and the element that shows it. */
export interface Shown {
  readonly element: string;
  readonly text: string;
}

function show(element: string, text: unknown): void {
  if (typeof text === 'string') shown.push({ element, text });
}

/** What VS Code was given since the last call. */
export function takeShown(): readonly Shown[] {
  return shown.splice(0);
}

/** A quick input. Records its texts when it is shown or changed, and lets a test act as the person. */
export class QuickInput {
  static latest: QuickInput | undefined;
  readonly handlers = new Map<string, (value: unknown) => unknown>();
  readonly element: string;
  items: readonly Row[] = [];
  selectedItems: readonly Row[] = [];
  activeItems: readonly Row[] = [];
  buttons: readonly unknown[] = [];
  value = '';
  enabled = true;
  isShown = false;
  [name: string]: unknown;

  constructor(element: string) {
    this.element = element;
    QuickInput.latest = this;
    for (const name of [
      'onDidChangeValue',
      'onDidAccept',
      'onDidTriggerButton',
      'onDidTriggerItemButton',
      'onDidHide',
    ]) {
      this[name] = (handler: (value: unknown) => unknown): Disposable => {
        const former = this.handlers.get(name);
        this.handlers.set(name, (value) => {
          former?.(value);
          return handler(value);
        });
        return new Disposable();
      };
    }
  }

  show(): void {
    this.isShown = true;
    this.record();
  }

  type(text: string): void {
    this.value = text;
    this.handlers.get('onDidChangeValue')?.(text);
    this.record();
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

  /** Enter: takes the first row, or where several may be chosen, those that are ticked. */
  enter(): void {
    if (this['canSelectMany'] === true) this.handlers.get('onDidAccept')?.(undefined);
    else this.take(this.shownRows()[0]);
  }

  /** Ticks these rows and no others. */
  tick(rows: readonly Row[]): void {
    this.selectedItems = rows;
  }

  take(row: Row | undefined): void {
    this.selectedItems = row === undefined ? [] : [row];
    this.handlers.get('onDidAccept')?.(undefined);
  }

  goBack(): void {
    this.handlers.get('onDidTriggerButton')?.(QuickInputButtons.Back);
  }

  /** Presses the button of the title with this tooltip. */
  pressButton(tooltip: string): void {
    const button = this.buttons.find((one) => (one as { readonly tooltip?: string }).tooltip === tooltip);
    if (button === undefined) throw new Error(`There is no button “${tooltip}”.`);
    this.handlers.get('onDidTriggerButton')?.(button);
  }

  leave(): void {
    this.handlers.get('onDidHide')?.(undefined);
  }

  record(): void {
    for (const name of ['title', 'prompt', 'placeholder']) show(`${this.element}.${name}`, this[name]);
    const { validationMessage: message } = this;
    show(
      `${this.element}.validation`,
      typeof message === 'object' ? (message as { message: string }).message : message,
    );
    for (const { label, description, detail } of this.items) {
      show(`${this.element}.label`, label);
      show(`${this.element}.description`, description);
      show(`${this.element}.detail`, detail);
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
  readonly picked?: boolean;
}

export class CancellationError extends Error {}

/** A tree view, by ID in `all`. */
export class TreeView {
  static readonly all = new Map<string, TreeView>();
  readonly #visibility = new EventEmitter<{ readonly visible: boolean }>();
  readonly #collapsed = new EventEmitter<{ readonly element: unknown }>();
  readonly #expanded = new EventEmitter<{ readonly element: unknown }>();
  readonly #selected = new EventEmitter<{ readonly selection: readonly unknown[] }>();
  readonly onDidCollapseElement = this.#collapsed.event;
  readonly onDidExpandElement = this.#expanded.event;
  readonly onDidChangeSelection = this.#selected.event;
  readonly onDidChangeVisibility = this.#visibility.event;
  description = '';
  selection: readonly unknown[] = [];
  badge: unknown;
  visible = false;

  show(visible: boolean): void {
    this.visible = visible;
    this.#visibility.fire({ visible });
  }

  collapse(element: unknown): void {
    this.#collapsed.fire({ element });
  }

  expand(element: unknown): void {
    this.#expanded.fire({ element });
  }

  select(selection: readonly unknown[]): void {
    this.selection = selection;
    this.#selected.fire({ selection });
  }

  readonly revealed: unknown[] = [];
  /** Selects the row, as VS Code does in a view that has it. */
  readonly reveal = (element: unknown): Promise<void> => {
    this.revealed.push(element);
    this.select([element]);
    return Promise.resolve();
  };

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

export class ThemeColor {
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

export { LanguageModelTextPart, LanguageModelToolResult } from './fakeLanguageModel.ts';

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ProgressLocation = { Notification: 15 };
export const StatusBarAlignment = { Left: 1 };
export const InputBoxValidationSeverity = { Info: 1 };
export const QuickInputButtons = { Back: { iconPath: new ThemeIcon('arrow-left') } };

interface MessageOptions {
  readonly detail?: string;
}

type Button = string | { readonly title: string };

const presses: string[] = [];
let buttons: readonly string[] = [];

/** The titles of the buttons of the last message. */
export function lastButtons(): readonly string[] {
  return buttons;
}

/** Chooses this button of the next message, or this row of the next list, that has it. Others are closed. */
export function press(title: string): void {
  presses.push(title);
}

function message(element: string) {
  return (text: string, ...rest: readonly unknown[]): Promise<unknown> => {
    show(element, text);
    const [first] = rest as readonly MessageOptions[];
    if (first?.detail !== undefined) for (const line of first.detail.split('\n')) show(`${element}.detail`, line);
    const titleOf = (button: Button): string => (typeof button === 'string' ? button : button.title);
    buttons = (rest as readonly Button[]).map(titleOf).filter((title: string | undefined) => title !== undefined);
    const button = (rest as readonly Button[]).find((one) => presses.includes(titleOf(one)));
    if (button !== undefined) presses.splice(presses.indexOf(titleOf(button)), 1);
    return Promise.resolve(button);
  };
}

const windowStateChanged = new EventEmitter<{ readonly focused: boolean }>();

/** Gives the focus to the window, or to another one. */
export function focusWindow(focused: boolean): void {
  window.state = { focused };
  windowStateChanged.fire({ focused });
}

export const window = {
  state: { focused: true },
  onDidChangeWindowState: windowStateChanged.event,
  showErrorMessage: message('error'),
  showInformationMessage: message('information'),
  showWarningMessage: message('warning'),
  createTreeView: (id: string) => {
    const view = new TreeView();
    TreeView.all.set(id, view);
    return view;
  },
  showOpenDialog: () => showFileDialog(QuickInput.latest),
  createInputBox: () => new QuickInput('input'),
  createQuickPick: () => new QuickInput('list'),
  showTextDocument: (document: { readonly path: string; readonly text: string }) => {
    show('document', document.path);
    show('document.text', document.text);
    return Promise.resolve();
  },
  showQuickPick: (
    items: readonly Row[],
    options: { readonly title?: string; readonly placeHolder?: string; readonly canPickMany?: boolean },
  ) => {
    const list = new QuickInput('list');
    Object.assign(list, { items, title: options.title, placeholder: options.placeHolder });
    list.record();
    if (options.canPickMany === true) {
      // `press('OK')` accepts what is chosen at first.
      if (!presses.includes('OK')) return Promise.resolve(undefined);
      presses.splice(presses.indexOf('OK'), 1);
      return Promise.resolve(items.filter(({ picked }) => picked === true));
    }
    const row = items.find(({ label }) => presses.includes(label));
    if (row !== undefined) presses.splice(presses.indexOf(row.label), 1);
    return Promise.resolve(row);
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
    lastProgress = new CancellationTokenSource();
    return work({ report }, lastProgress.token);
  },
};

/** Of the last progress that was shown: a person's cancel. */
export let lastProgress: CancellationTokenSource | undefined;

/** `bundle`: the texts of VS Code's language; there is none for English. */
export const l10n: { bundle: Readonly<Record<string, string>> | undefined } = { bundle: undefined };

export const env = {
  language: 'en',
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

/** The handlers of `registerCommand` by command ID. */
export const registeredCommands = new Map<string, (...args: unknown[]) => unknown>();

export const commands = {
  executeCommand: (name: string, ...args: readonly unknown[]) => {
    show('command', [name, ...args].join(' '));
    return Promise.resolve(undefined);
  },
  registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
    registeredCommands.set(name, run);
    return Disposable.from({ dispose: () => registeredCommands.delete(name) });
  },
};

export const ConfigurationTarget = { Global: 1, Workspace: 2 };

const filesChanged = new EventEmitter<string>();
const watched: string[] = [];

/** The files that are watched, as `folder: pattern`. */
export function watchedFiles(): readonly string[] {
  return watched;
}

/** Tells those who watch this folder and pattern of a change. */
export function changeFile(folder: string, pattern: string): void {
  filesChanged.fire(`${folder}: ${pattern}`);
}

const settings = new Map<string, unknown>();
/** Those that the workspace has set. */
export const workspaceSettings = new Map<string, unknown>();
const configurationChanged = new EventEmitter<{ affectsConfiguration(section: string): boolean }>();

/** Changes a setting as the person does. */
export function changeSetting(name: string, value: unknown): void {
  settings.set(name, value);
  configurationChanged.fire({ affectsConfiguration: (section) => `${name}.`.startsWith(`${section}.`) });
}

interface ContentProvider {
  provideTextDocumentContent(uri: unknown): Promise<string>;
}

const contentProviders = new Map<string, ContentProvider>();

/** Extensions by their IDs, as `vscode.extensions` gives them. */
export const installedExtensions = new Map<string, { readonly isActive: boolean; readonly exports: unknown }>();

const extensionsChanged = new EventEmitter<void>();

/** Installs an extension, or removes it, while the window is open. */
export function changeExtension(
  id: string,
  extension?: { readonly isActive: boolean; readonly exports: unknown },
): void {
  if (extension === undefined) installedExtensions.delete(id);
  else installedExtensions.set(id, extension);
  extensionsChanged.fire();
}

export const extensions = {
  getExtension: (id: string) => installedExtensions.get(id),
  onDidChange: extensionsChanged.event,
};

export const workspace = {
  isTrusted: true,
  workspaceFolders: undefined as
    readonly { readonly uri: { readonly scheme: string; readonly fsPath: string } }[] | undefined,
  registerTextDocumentContentProvider: (scheme: string, provider: ContentProvider) => {
    contentProviders.set(scheme, provider);
    return Disposable.from({ dispose: () => contentProviders.delete(scheme) });
  },
  openTextDocument: async (uri: Uri) => ({
    path: uri.path,
    text: (await contentProviders.get(uri.scheme)?.provideTextDocumentContent(uri)) ?? '',
  }),
  getConfiguration: (section: string) => ({
    get: (name: string) => settings.get(`${section}.${name}`),
    inspect: (name: string) => ({ workspaceValue: workspaceSettings.get(`${section}.${name}`) }),
    update: (name: string, value: unknown, target: number) => {
      const ofWorkspace = target === ConfigurationTarget.Workspace;
      if (ofWorkspace) workspaceSettings.set(`${section}.${name}`, value);
      changeSetting(`${section}.${name}`, value);
      return Promise.resolve();
    },
  }),
  onDidChangeConfiguration: configurationChanged.event,
  createFileSystemWatcher: ({ baseUri, pattern }: RelativePattern) => {
    const name = `${baseUri.fsPath}: ${pattern}`;
    watched.push(name);
    const on = (listener: () => unknown): Disposable =>
      filesChanged.event((changed) => {
        if (changed === name) listener();
      });
    const dispose = (): unknown => watched.splice(watched.indexOf(name), 1);
    return { onDidChange: on, onDidCreate: () => new Disposable(), onDidDelete: () => new Disposable(), dispose };
  },
};

/** From here on `import 'vscode'` gives this file. Modules that use it are imported by `import()` after that. */
export function useFakeVscode(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'vscode' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
  });
}

/** The input whose prompt or placeholder matches, once it is shown and enabled. */
export async function inputAsking(pattern: RegExp): Promise<QuickInput> {
  for (;;) {
    const input = QuickInput.latest;
    const text = `${String(input?.['prompt'])} ${String(input?.['placeholder'])}`;
    if (input?.isShown === true && input.enabled && input['busy'] !== true && pattern.test(text)) return input;
    await setImmediate();
  }
}

/** What the input says under its box, once it does. */
export async function said(input: QuickInput): Promise<string> {
  while (!input.enabled || input['validationMessage'] === undefined) await setImmediate();
  const { validationMessage: message } = input;
  return typeof message === 'string' ? message : JSON.stringify(message);
}
