import * as vscode from 'vscode';
import { openInBrowser } from '../openInBrowser.ts';
import { offerActions, type ActionHandlers } from './offerActions.ts';

/** Shows what went wrong and offers what to do next. Resolves when the person chose, or closed the message. */
export async function reportFailure(error: unknown, handlers: ActionHandlers): Promise<void> {
  await offerActions(error, { ...everywhere, ...handlers }, (message, buttons) =>
    vscode.window.showErrorMessage(message, ...buttons),
  );
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
