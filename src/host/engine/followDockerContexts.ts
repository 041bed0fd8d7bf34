import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { sleep } from '../../core/base/cancel.ts';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { EngineEndpoint } from '../../core/docker/types.ts';
import { ChangeBurst } from '../state/changeBurst.ts';
import { watchFiles } from '../state/watchFiles.ts';
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
      watchFiles(new vscode.RelativePattern(folder, 'config.json'), changes.note),
      // VS Code reports the removal of a folder, and not that of the files in it.
      watchFiles(new vscode.RelativePattern(vscode.Uri.joinPath(folder, 'contexts', 'meta'), '**'), changes.note),
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
