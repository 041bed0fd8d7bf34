// An extension as somebody else would write it with the package tea-chest-api. Its commands let a test look at what only code
// in the extension host sees: the API, the exit codes of tasks, and language-model tools.
import { getTeaChest, type PushResult, type TeaChestRejection } from 'tea-chest-api';
import * as vscode from 'vscode';

/** What the extension makes of a push: all properties are those of the contract. */
interface Report {
  readonly apiVersion: number;
  readonly pushed?: PushResult;
  readonly failure?: { readonly code: string; readonly stage: string };
}

export function activate(context: vscode.ExtensionContext): void {
  const commands: Record<string, (...args: never[]) => unknown> = {
    'sample.push': push,
    'sample.runTask': runTask,
    'sample.detectedTasks': detectedTasks,
    'sample.invokeTool': invokeTool,
    'sample.terminateTasks': () => {
      for (const execution of vscode.tasks.taskExecutions) execution.terminate();
    },
    'sample.open': (path: string) =>
      vscode.commands.executeCommand(
        'vscode.open',
        vscode.Uri.parse(`${vscode.env.uriScheme}://tea-chest.tea-chest${path}`),
      ),
    'sample.folder': () => vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, run as (...args: unknown[]) => unknown));
  }
}

async function push(image: string, target: string): Promise<Report> {
  const teaChest = await getTeaChest();
  const { apiVersion } = teaChest;
  try {
    const pushed = await teaChest.pushImage({ image, target });
    return { apiVersion, ...(pushed !== undefined && { pushed }) };
  } catch (error) {
    const { code, stage } = error as TeaChestRejection;
    return { apiVersion, failure: { code, stage } };
  }
}

/**
 * Runs a task of tasks.json, and what it depends on. Gives the exit code of each task, by its name: up to the end of this
 * one, or of the first that has failed.
 */
async function runTask(name: string): Promise<Record<string, number | undefined>> {
  const task = (await vscode.tasks.fetchTasks()).find((one) => one.name === name);
  if (task === undefined) throw new Error(`There is no task ${name}.`);
  const codes: Record<string, number | undefined> = {};
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const listeners = [
    vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      codes[execution.task.name] = exitCode;
      if (execution.task.name === name || exitCode !== 0) resolve(undefined);
    }),
    vscode.tasks.onDidEndTask(({ execution }) => {
      if (execution.task.name === name) resolve(undefined);
    }),
  ];
  await vscode.tasks.executeTask(task);
  await promise;
  vscode.Disposable.from(...listeners).dispose();
  return codes;
}

async function detectedTasks(): Promise<string[]> {
  return (await vscode.tasks.fetchTasks({ type: 'teaChest' })).map(({ name, source }) => `${source}: ${name}`);
}

/** The text of the tool's result. VS Code asks the person where the tool wants it. */
async function invokeTool(name: string, input: object): Promise<string> {
  const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  return result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
}
