import * as vscode from 'vscode';
import { inertLines, inertText } from './inertText.ts';

interface Button {
  readonly title: string;
}

/** A link of ours at the end of a message: the message itself may contain text from outside and never has one. */
export interface MessageLink {
  readonly title: string;
  readonly command: string;
  /** Plain data of ours. */
  readonly argument: string;
}

/** VS Code cuts a longer message off, and would cut our link (src/vs/workbench/common/notifications.ts). */
const longestMessage = 1000;

/** An error with buttons. Undefined if the person closes it. */
export async function showError<T extends Button>(
  message: string,
  buttons: readonly T[],
  link?: MessageLink,
): Promise<T | undefined> {
  return await vscode.window.showErrorMessage(withLink(message, link), ...buttons);
}

function withLink(message: string, link: MessageLink | undefined): string {
  if (link === undefined) return inertText(message);
  const query = encodeURIComponent(JSON.stringify(link.argument));
  const markup = ` [${link.title}](command:${link.command}?${query})`;
  return inertText(message, longestMessage - markup.length) + markup;
}

export async function showInformation<T extends Button>(
  message: string,
  buttons: readonly T[],
): Promise<T | undefined> {
  return await vscode.window.showInformationMessage(inertText(message), ...buttons);
}

export async function showWarning<T extends Button>(
  message: string,
  buttons: readonly T[],
  link?: MessageLink,
): Promise<T | undefined> {
  return await vscode.window.showWarningMessage(withLink(message, link), ...buttons);
}

/** A modal dialog. Each entry of `detail` stays one line. */
export async function askModal(message: string, detail: readonly string[], yes: string): Promise<boolean> {
  return (await askModalChoice(message, detail, [yes])) === yes;
}

/**
 * A modal dialog with several answers. Enter gives the first of them, because VS Code always puts the button that cancels last
 * (mainThreadMessageService.ts). Undefined if the person cancels.
 */
export async function askModalChoice(
  message: string,
  detail: readonly string[],
  answers: readonly string[],
): Promise<string | undefined> {
  const options = { modal: true, detail: inertLines(detail) };
  return await vscode.window.showWarningMessage(inertText(message), options, ...answers);
}

/** A modal dialog about something dangerous: Enter and Escape give the answer that does nothing. */
export async function askModalWarning(
  message: string,
  detail: readonly string[],
  { yes, no }: { readonly yes: string; readonly no: string },
): Promise<boolean> {
  return (await askModalChoice(message, detail, [no, yes])) === yes;
}
