import * as vscode from 'vscode';
import { markdownText, type MarkdownLine } from './markdownText.ts';

/** Not trusted, so that command links do not run, and without HTML and icons. */
export function markdownTooltip(lines: readonly MarkdownLine[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(markdownText(lines), false);
  markdown.isTrusted = false;
  markdown.supportHtml = false;
  return markdown;
}
