import * as vscode from 'vscode';
import { errorCodes } from '../../core/base/errors.ts';

/**
 * Opens docs/troubleshooting.md at the entry of an error code, or at its beginning for any other argument. The page comes
 * with the extension, because people with a failing connection read it.
 */
export async function showTroubleshootingCommand(extensionUri: vscode.Uri, argument: unknown): Promise<void> {
  const page = vscode.Uri.joinPath(extensionUri, 'docs', 'troubleshooting.md');
  const code = errorCodes.find((one) => one === argument);
  // VS Code's preview gives each heading the anchor that GitHub gives it: in lower case.
  await vscode.commands.executeCommand('markdown.showPreview', page.with({ fragment: code?.toLowerCase() ?? '' }));
}
