import * as vscode from 'vscode';
import { gitRepositories } from './gitExtension.ts';

/** The git remotes of the open folders: what VS Code's git extension has found, or else git's own files. */
export async function gitRemotes(): Promise<readonly string[]> {
  const known = remotesOfExtension();
  if (known.length > 0) return known;
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (folders.length === 0) return [];
  const [{ readGitRemotes }, { thisMachine }] = await Promise.all([
    import('../../core/credentials/gitRemotes.ts'),
    import('../../core/credentials/credentialMachine.ts'),
  ]);
  const machine = thisMachine();
  return (await Promise.all(folders.map(({ uri }) => readGitRemotes(machine, uri.fsPath)))).flat();
}

function remotesOfExtension(): readonly string[] {
  return gitRepositories().flatMap(({ state }) =>
    state.remotes.flatMap(({ fetchUrl, pushUrl }) => [fetchUrl, pushUrl].filter((url) => url !== undefined)),
  );
}
