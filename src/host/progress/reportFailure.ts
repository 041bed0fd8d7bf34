import * as vscode from 'vscode';
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
  engineHelp: () => open('https://docs.docker.com/engine/daemon/start/'),
  permissionHelp: () => open('https://docs.docker.com/engine/install/linux-postinstall/'),
};

function open(url: string): Thenable<boolean> {
  return vscode.env.openExternal(vscode.Uri.parse(url));
}
