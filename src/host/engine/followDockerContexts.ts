import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { sleep } from '../../core/base/cancel.ts';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineEndpoint } from '../../core/docker/types.ts';
import type { EngineLink } from './engine.ts';
import type { ImageList } from './imageList.ts';

export interface FollowContextsDependencies {
  /** Docker's configuration folder. It need not exist. */
  readonly folder: () => Promise<string>;
  readonly find: () => Promise<EngineEndpoint>;
  readonly link: Pick<EngineLink, 'endpoint'>;
  readonly images: Pick<ImageList, 'engineChanged'>;
  readonly logger: Logger;
  readonly wait?: typeof sleep;
}

/** Milliseconds: a command of docker's writes several files. */
const quietMs = 300;

/**
 * Looks for the engine again when `docker context use`, `create`, `update` or `rm` has changed docker's files, and changes to
 * it if it is another one. VS Code watches the files: nothing is polled, and a missing folder is watched for as well.
 */
export function followDockerContexts(dependencies: FollowContextsDependencies): vscode.Disposable {
  const life = new AbortController();
  const watchers: vscode.Disposable[] = [];
  const changes = new ChangeBurst(
    async () => {
      if (await hasMoved(dependencies)) await dependencies.images.engineChanged();
    },
    life.signal,
    dependencies.wait ?? sleep,
  );
  const begin = async (): Promise<void> => {
    const folder = vscode.Uri.file(await dependencies.folder());
    if (life.signal.aborted) return;
    // A recursive pattern in the folder itself would watch all that docker's plugins store there.
    watchers.push(
      watch(new vscode.RelativePattern(folder, 'config.json'), changes.note),
      // VS Code reports the removal of a folder, and not that of the files in it.
      watch(new vscode.RelativePattern(vscode.Uri.joinPath(folder, 'contexts', 'meta'), '**'), changes.note),
    );
  };
  begin().catch((error: unknown) => {
    dependencies.logger.warn(`Changes of the docker context are not followed: ${toTeaChestError(error).message}`);
  });
  return new vscode.Disposable(() => {
    life.abort();
    for (const watcher of watchers) watcher.dispose();
  });
}

/** True also if there is no engine at the moment: the change may be its return. */
async function hasMoved({ find, link, logger }: FollowContextsDependencies): Promise<boolean> {
  const current = await link.endpoint();
  if (current === undefined) return true;
  try {
    return !isDeepStrictEqual(await find(), current);
  } catch (error) {
    // The chosen context was removed: the view has to say so.
    logger.debug(`The engine is not found any more: ${toTeaChestError(error).message}`);
    return true;
  }
}

function watch(pattern: vscode.RelativePattern, onChange: () => void): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(onChange),
    watcher.onDidCreate(onChange),
    watcher.onDidDelete(onChange),
  );
}

/** Runs `work` once after changes that come close together; never twice at the same time. */
class ChangeBurst {
  readonly #work: () => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #wait: typeof sleep;
  #changes = 0;
  #isRunning = false;

  constructor(work: () => Promise<void>, signal: AbortSignal, wait: typeof sleep) {
    this.#work = work;
    this.#signal = signal;
    this.#wait = wait;
  }

  readonly note = (): void => {
    this.#changes++;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run().catch(() => undefined);
  };

  async #run(): Promise<void> {
    try {
      for (let seen: number | undefined; seen !== this.#changes;) {
        seen = this.#changes;
        await this.#wait(quietMs, this.#signal);
        if (seen === this.#changes) await this.#work();
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
