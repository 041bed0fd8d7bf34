import * as vscode from 'vscode';
import type { Consent } from './reach.ts';

/** Asks by a dialog that stands in the way: nothing is sent before it is answered. */
export const consent: Consent = {
  toCertificate: ({ message, detail }) => confirm(message, detail, 'Trust This Certificate'),
  toPlainHttp: (host) =>
    confirm(
      `Sign in to ${host} without encryption?`,
      'Over http, everybody on the way can read your password and your images. Use it only on a network you trust.',
      'Use http',
    ),
};

async function confirm(message: string, detail: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) === yes;
}
