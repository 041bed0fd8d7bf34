/* eslint-disable @typescript-eslint/explicit-module-boundary-types -- the types of VS Code's interface are what counts */
import { registerHooks } from 'node:module';
import { CancellationTokenSource } from './fakeCancellation.ts';
import { TreeView } from './fakeClasses.ts';
import { Disposable, EventEmitter } from './fakeEvents.ts';
import { showFileDialog } from './fakeFileDialog.ts';
import { QuickInput, type Row } from './fakeQuickInput.ts';
import { RelativePattern, Uri } from './fakeUri.ts';
import { show } from './shownTexts.ts';
import { until } from './until.ts';

export * from './fakeClasses.ts';
export { QuickInput, QuickInputButtons } from './fakeQuickInput.ts';
export { takeShown, type Shown } from './shownTexts.ts';
export { CancellationTokenSource, Disposable, EventEmitter, RelativePattern, Uri };

export { LanguageModelTextPart, LanguageModelToolResult } from './fakeLanguageModel.ts';

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ProgressLocation = { Notification: 15 };
export const StatusBarAlignment = { Left: 1 };
export const InputBoxValidationSeverity = { Info: 1 };

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

function questionOf(input: QuickInput | undefined): string {
  return `${String(input?.['prompt'])} ${String(input?.['placeholder'])}`;
}

function shownInput(pattern: RegExp): QuickInput | undefined {
  const input = QuickInput.latest;
  const isReady = input?.isShown === true && input.enabled && input['busy'] !== true;
  return isReady && pattern.test(questionOf(input)) ? input : undefined;
}

function messageOf(input: QuickInput): string | undefined {
  const { validationMessage: message } = input;
  if (!input.enabled || message === undefined) return undefined;
  return typeof message === 'string' ? message : JSON.stringify(message);
}

/** The input whose prompt or placeholder matches, once it is shown and enabled. */
export async function inputAsking(pattern: RegExp): Promise<QuickInput> {
  return await until(
    () => shownInput(pattern),
    () => `No input asks ${String(pattern)}, the last one: ${questionOf(QuickInput.latest)}`,
  );
}

/** What the input says under its box, once it does. */
export async function said(input: QuickInput): Promise<string> {
  return await until(
    () => messageOf(input),
    () => `The input says nothing under its box: ${questionOf(input)}`,
  );
}

/** What the input says under its box; undefined if the person is asked something else. */
export async function saidUnlessAsked(input: QuickInput, pattern: RegExp): Promise<string | undefined> {
  const { text } = await until(
    () => {
      const message = messageOf(input);
      if (message !== undefined) return { text: message };
      return shownInput(pattern) && { text: undefined };
    },
    () => `No input asks ${String(pattern)}, and nothing is said: ${questionOf(QuickInput.latest)}`,
  );
  return text;
}
