import * as vscode from 'vscode';
import { openInBrowser } from '../openInBrowser.ts';
import { offerActions, type ActionHandlers, type ShowError } from './offerActions.ts';

/**
 * Shows what went wrong and offers what to do next. Resolves when the person chose, or closed the message. `failed`: see
 * `offerActions`.
 */
export async function reportFailure(error: unknown, handlers: ActionHandlers, failed?: string): Promise<void> {
  const show: ShowError = (message, buttons) => vscode.window.showErrorMessage(message, ...buttons);
  await offerActions(error, { ...everywhere, ...handlers }, show, failed);
}

/** Buttons that work wherever the failure was. */
const everywhere: ActionHandlers = {
  showLog: () => vscode.commands.executeCommand('teaChest.showLog'),
  refreshImages: () => vscode.commands.executeCommand('teaChest.images.refresh'),
  openEngineSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.engine.host'),
  openSpoolSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.spool.folder'),
  openProxySettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'http.proxy'),
  engineHelp: () => openInBrowser('https://docs.docker.com/engine/daemon/start/'),
  permissionHelp: () => openInBrowser('https://docs.docker.com/engine/install/linux-postinstall/'),
};
