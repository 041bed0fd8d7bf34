import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { InspectImage } from '../../push/composeImages.ts';
import { imagesOf } from '../../push/imagesOf.ts';
import type { PushArguments } from '../../push/pushArguments.ts';
import { pushUnattended, type UnattendedDependencies } from '../../push/pushUnattended.ts';
import { PushTerminal } from './pushTerminal.ts';
import { readPushTask } from './taskArguments.ts';

export interface PushTaskDependencies extends UnattendedDependencies {
  readonly inspect: InspectImage;
}

const taskType = 'teaChest';

/** In the order in which docker compose looks for them. */
const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

/** The tasks of type `teaChest` (docs/tasks.md). */
export class PushTaskProvider implements vscode.TaskProvider {
  readonly #dependencies: PushTaskDependencies;

  constructor(dependencies: PushTaskDependencies) {
    this.#dependencies = dependencies;
  }

  /** A task for the compose file at the top of each folder: at most four files are looked for. Nothing is read. */
  async provideTasks(): Promise<vscode.Task[]> {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const found = await Promise.all(
      folders.map(async (folder) => ({ folder, composeFile: await composeFileIn(folder.uri.fsPath) })),
    );
    return found.flatMap(({ folder, composeFile }) =>
      composeFile === undefined
        ? []
        : [this.#task({ type: taskType, task: 'push', composeFile }, folder, taskName(composeFile))],
    );
  }

  /** A task of tasks.json. It must keep its definition. */
  resolveTask(task: vscode.Task): vscode.Task {
    return this.#task(task.definition, task.scope ?? vscode.TaskScope.Workspace, task.name);
  }

  #task(
    definition: vscode.TaskDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
    name: string,
  ): vscode.Task {
    const execution = new vscode.CustomExecution((resolved) =>
      Promise.resolve(
        new PushTerminal(async (options) => {
          const push = readPushTask(resolved, folderOf(scope));
          const images: readonly PushArguments[] =
            push.kind === 'image' ? [push.args] : await imagesOf(push.args, this.#dependencies.inspect);
          return await pushUnattended(this.#dependencies, images, options);
        }),
      ),
    );
    return new vscode.Task(definition, scope, name, taskType, execution, []);
  }
}

function taskName(composeFile: string): string {
  return l10n.t({
    message: 'push images of {0}',
    args: [composeFile],
    comment: 'Name of a task, after “teaChest: ” in the list of tasks. {0}: compose.yaml',
  });
}

async function composeFileIn(folder: string): Promise<string | undefined> {
  for (const name of composeFiles) {
    const isFile = await stat(join(folder, name)).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isFile) return name;
  }
  return undefined;
}

function folderOf(scope: vscode.WorkspaceFolder | vscode.TaskScope): string | undefined {
  const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.[0];
  return folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
}
