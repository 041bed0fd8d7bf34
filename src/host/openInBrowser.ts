import * as vscode from 'vscode';

/** Opens a page as its URL is written: Gitea wants the slashes of an image's name as %2F. */
export async function openInBrowser(url: string): Promise<boolean> {
  // `Uri.parse` decodes what it reads, and a %2F does not come back. The extension host passes a string on unchanged,
  // though its types ask for a Uri (ExtHostWindow.openUri in VS Code's source).
  return await vscode.env.openExternal(url as unknown as vscode.Uri);
}
