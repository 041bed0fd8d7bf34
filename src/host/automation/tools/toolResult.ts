import * as vscode from 'vscode';
import { plainText } from '../../../core/base/plainText.ts';
import { toTeaChestError } from '../../../core/base/errors.ts';
import { errorMessage } from '../../errors/errorMessages.ts';

/** Characters of one text from an engine or a server. */
const longestText = 500;

/** Data for a language model: JSON, in which texts from outside are values and nothing else. */
export function toolResult(data: Readonly<Record<string, unknown>>): vscode.LanguageModelToolResult {
  const json = JSON.stringify(data, (_key, value: unknown) =>
    typeof value === 'string' ? plainText(value, longestText) : value,
  );
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(json)]);
}

/** Runs a tool. Its failure has the sentences that a person would read. */
export async function runTool<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    const error = toTeaChestError(failure);
    throw new Error(`${plainText(errorMessage(error).message)} (${error.code})`, { cause: failure });
  }
}
