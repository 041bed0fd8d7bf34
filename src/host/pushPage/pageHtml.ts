import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The folder of the page's script and style: nothing else can be loaded. */
export function pageResources(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist');
}

/**
 * The page before its script has run. It holds no text from outside. Only our style sheet and the script with this nonce
 * run: no other script, no image, no request.
 */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const addressOf = (file: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(pageResources(extensionUri), file)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${language()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tea Chest</title>
<link rel="stylesheet" href="${addressOf('pushPage.css')}">
<script nonce="${nonce}" src="${addressOf('pushPage.js')}" defer></script>
</head>
<body></body>
</html>`;
}

/** Of the texts that the extension sends: without a bundle for VS Code's language they are English. */
function language(): string {
  return vscode.l10n.bundle === undefined ? 'en' : vscode.env.language;
}
