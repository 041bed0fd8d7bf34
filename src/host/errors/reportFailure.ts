import * as vscode from 'vscode';
import { showError } from '../display/messages.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { moreAbout } from './moreAbout.ts';
import { offerActions, type ActionHandlers } from './offerActions.ts';

/**
 * Shows what went wrong and offers what to do next. Resolves when the person chose, or closed the message. `failed`: see
 * `offerActions`.
 */
export async function reportFailure(error: unknown, handlers: ActionHandlers, failed?: string): Promise<void> {
  await offerActions(
    error,
    { ...everywhere, ...handlers },
    (message, buttons, code) => showError(message, buttons, moreAbout([code])),
    failed,
  );
}

const dockerDocs = 'https://docs.docker.com';

/** Buttons that work wherever the failure was. */
const everywhere: ActionHandlers = {
  showLog: () => vscode.commands.executeCommand('teaChest.showLog'),
  refreshRegistries: () => vscode.commands.executeCommand('teaChest.registries.refresh'),
  refreshImages: () => vscode.commands.executeCommand('teaChest.images.refresh'),
  selectEngine: () => vscode.commands.executeCommand('teaChest.selectEngine'),
  openSpoolSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.spool.folder'),
  openCheckSettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'teaChest.check'),
  openProxySettings: () => vscode.commands.executeCommand('teaChest.openSettings', 'http.proxy'),
  engineHelp: () => openInBrowser({ url: `${dockerDocs}/engine/daemon/start/`, root: dockerDocs }),
  permissionHelp: () => openInBrowser({ url: `${dockerDocs}/engine/install/linux-postinstall/`, root: dockerDocs }),
};
