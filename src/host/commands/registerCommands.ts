import * as vscode from 'vscode';
import type { CommandDependencies, CommandTable } from './commandTable.ts';

/**
 * Registers the commands. What they do is loaded by the first one that is called, and by the next one if that failed: too many
 * files may have been open.
 */
export function registerCommands(names: readonly string[], dependencies: CommandDependencies): vscode.Disposable {
  let loading: Promise<CommandTable> | undefined;
  const load = async (): Promise<CommandTable> => {
    const { commandTable } = await import('./commandTable.ts');
    return commandTable(dependencies);
  };
  const run = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const table = await loading;
    const command = table[name] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (command === undefined) throw new Error(`${name} is not in the table of commands`);
    return await command(...args);
  };
  return vscode.Disposable.from(
    ...names.map((name) => vscode.commands.registerCommand(name, (...args: unknown[]) => run(name, args))),
  );
}
