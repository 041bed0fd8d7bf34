import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { TeaChestError } from '../../core/base/errors.ts';
import { showInformation } from '../display/messages.ts';
import type { CommandDependencies, CommandTable } from './commandTable.ts';
import { toRejection } from './toRejection.ts';

interface ContributedCommand {
  readonly command: string;
}

/** Of package.json. */
export interface CommandContributions {
  readonly commands: readonly ContributedCommand[];
  readonly menus: Readonly<Record<'view/item/context', readonly ContributedCommand[]>>;
}

/**
 * Registers the commands. What they do is loaded by the first one that is called, and by the next one if that failed: too many
 * files may have been open.
 */
export function registerCommands(
  { commands, menus }: CommandContributions,
  dependencies: CommandDependencies,
): vscode.Disposable {
  const ofRows = new Set(menus['view/item/context'].map(({ command }) => command));
  // Container Tools’ rows are its own objects: that command reads them itself.
  const ofOwnRows = new Set([...ofRows].filter((name) => !name.startsWith('teaChest.containerTools.')));
  let loading: Promise<CommandTable> | undefined;
  const load = async (): Promise<CommandTable> => {
    const { commandTable } = await import('./commandTable.ts');
    return commandTable(dependencies);
  };
  const run = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (ofRows.has(name) && lacksRow(args)) {
      await sayRowIsLost();
      return undefined;
    }
    if (ofOwnRows.has(name) && !areRows(args)) throw toRejection(notRow(name), 'resolve');
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
    ...commands.map(({ command }) =>
      vscode.commands.registerCommand(command, (...args: unknown[]) => run(command, args)),
    ),
  );
}

/**
 * True if VS Code gives no object for a row of whose menu the command was chosen: it has just asked for the rows anew
 * (extHostTreeViews.ts: getElement). A key gives no argument at all, and stands for the selection.
 */
function lacksRow(args: readonly unknown[]): boolean {
  const [clicked, selected] = args;
  return args.length > 0 && (clicked === undefined || (Array.isArray(selected) && selected.includes(undefined)));
}

/** True for rows of our views. A key binding or another extension may give anything. */
function areRows([clicked, selected = []]: readonly unknown[]): boolean {
  return Array.isArray(selected) && [clicked, ...(selected as readonly unknown[])].every(isRow);
}

function isRow(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && 'type' in value);
}

function notRow(command: string): TeaChestError {
  const message = l10n.t`The command ${command} is for the rows of a view, and takes nothing else. Nothing was done.`;
  return new TeaChestError('argumentInvalid', message, { stage: 'resolve' });
}

/** Another row may be selected: nothing is done to that one instead. */
async function sayRowIsLost(): Promise<void> {
  await showInformation(
    l10n.t('Nothing was done: the view was just being read again. Choose the command once more.'),
    [],
  );
}
