import * as vscode from 'vscode';
import { toTeaChestError, type TeaChestError } from '../../core/base/errors.ts';
import { actionTitle, explain, type ActionKind } from './explain.ts';

/** What the buttons do in this place; a kind without a function gets no button. */
export type ActionHandlers = Readonly<Partial<Record<ActionKind, () => unknown>>>;

/** Shows what went wrong and offers what to do next. Resolves when the person chose, or closed the message. */
export async function reportFailure(error: unknown, handlers: ActionHandlers): Promise<void> {
  const failure = toTeaChestError(error);
  if (failure.code === 'cancelled') return;
  const { message, actions } = explain(failure);
  const all: ActionHandlers = { ...everywhere, ...handlers };
  const buttons = actions
    .filter((kind) => all[kind] !== undefined)
    .map((kind) => ({ title: actionTitle(kind, failure.code), kind }));
  const choice = await vscode.window.showErrorMessage(prefixed(failure, message), ...buttons);
  if (choice !== undefined) await all[choice.kind]?.();
}

/** Buttons that work wherever the failure was. */
const everywhere: ActionHandlers = {
  showLog: () => vscode.commands.executeCommand('teaChest.showLog'),
  refreshImages: () => vscode.commands.executeCommand('teaChest.images.refresh'),
  openEngineSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.engine.host'),
  openSpoolSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.spool.folder'),
  openProxySettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'http.proxy'),
  engineHelp: () => open('https://docs.docker.com/engine/daemon/start/'),
  permissionHelp: () => open('https://docs.docker.com/engine/install/linux-postinstall/'),
};

function open(url: string): Thenable<boolean> {
  return vscode.env.openExternal(vscode.Uri.parse(url));
}

function prefixed(failure: TeaChestError, message: string): string {
  const image = failure.facts['image'];
  return typeof image === 'string' && !message.includes(image) ? `${image}: ${message}` : message;
}
