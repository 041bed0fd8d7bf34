import type * as vscode from 'vscode';
import { Navigation } from './runSteps.ts';

let above: Promise<undefined> | undefined;

/**
 * Asks something while a prompt checks its answer. VS Code shows one quick input at a time, and on a remote machine the dialog
 * for files is one: the prompt is hidden for it, and shown again.
 */
export async function askAbove<T>(ask: () => PromiseLike<T>): Promise<T> {
  const ended = Promise.withResolvers<undefined>();
  above = ended.promise;
  try {
    return await ask();
  } finally {
    above = undefined;
    ended.resolve(undefined);
  }
}

/** The person closes the input, or another question hides it. VS Code does not say which. */
export function whenHidden(
  input: vscode.QuickInput,
  closed: AbortSignal,
  reject: (navigation: Navigation) => void,
): vscode.Disposable {
  return input.onDidHide(() => {
    if (above === undefined) reject(new Navigation('cancel'));
    else
      void above.then(() => {
        if (!closed.aborted) input.show();
      });
  });
}
