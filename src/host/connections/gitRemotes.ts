import * as vscode from 'vscode';

/** The part of VS Code's git extension that we use (extensions/git/src/api/git.d.ts, version 1). */
interface GitExtension {
  getAPI(version: 1): {
    readonly repositories: readonly {
      readonly state: { readonly remotes: readonly { readonly fetchUrl?: string; readonly pushUrl?: string }[] };
    }[];
  };
}

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

/** Empty if the extension is switched off, or not yet active: it is not started for this. */
function remotesOfExtension(): readonly string[] {
  const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
  if (extension?.isActive !== true) return [];
  try {
    const { repositories } = extension.exports.getAPI(1);
    return repositories.flatMap(({ state }) =>
      state.remotes.flatMap(({ fetchUrl, pushUrl }) => [fetchUrl, pushUrl].filter((url) => url !== undefined)),
    );
  } catch {
    // git.enabled is off: the extension is active, and its interface refuses.
    return [];
  }
}
