import * as vscode from 'vscode';
import { inertLines, inertText } from './inertText.ts';

interface Button {
  readonly title: string;
}

/** An error with buttons. Undefined if the person closes it. */
export async function showError<T extends Button>(message: string, buttons: readonly T[]): Promise<T | undefined> {
  return await vscode.window.showErrorMessage(inertText(message), ...buttons);
}

export async function showInformation<T extends Button>(
  message: string,
  buttons: readonly T[],
): Promise<T | undefined> {
  return await vscode.window.showInformationMessage(inertText(message), ...buttons);
}

export async function showWarning<T extends Button>(message: string, buttons: readonly T[]): Promise<T | undefined> {
  return await vscode.window.showWarningMessage(inertText(message), ...buttons);
}

/** A modal dialog. Each entry of `detail` stays one line. */
export async function askModal(message: string, detail: readonly string[], yes: string): Promise<boolean> {
  return (await askModalChoice(message, detail, [yes])) === yes;
}

/** A modal dialog with several answers. Undefined if the person cancels. */
export async function askModalChoice(
  message: string,
  detail: readonly string[],
  answers: readonly string[],
): Promise<string | undefined> {
  const options = { modal: true, detail: inertLines(detail) };
  return await vscode.window.showWarningMessage(inertText(message), options, ...answers);
}

/** A progress notification with a cancel button. */
export async function withNotification<T>(
  title: string,
  work: (report: (message: string, increment: number) => void, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title: inertText(title), cancellable: true };
  return await vscode.window.withProgress(options, (progress, token) =>
    work((message, increment) => {
      progress.report({ message: inertText(message), increment });
    }, token),
  );
}
