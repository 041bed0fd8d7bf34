import * as vscode from 'vscode';

/** A repository of VS Code's git extension, as far as we use it (extensions/git/src/api/git.d.ts, version 1). */
export interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly state: {
    readonly HEAD?: { readonly commit?: string };
    readonly remotes: readonly { readonly fetchUrl?: string; readonly pushUrl?: string }[];
    readonly indexChanges: readonly unknown[];
    readonly mergeChanges: readonly unknown[];
    readonly workingTreeChanges: readonly unknown[];
    readonly untrackedChanges?: readonly unknown[];
  };
  /** Reads the state of the working tree anew. */
  status(): Promise<void>;
}

interface GitExtension {
  getAPI(version: 1): { readonly repositories: readonly GitRepository[] };
}

/** The repositories of the open folders. Empty if the extension is switched off, or not yet active: it is not started for this. */
export function gitRepositories(): readonly GitRepository[] {
  const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
  if (extension?.isActive !== true) return [];
  try {
    return extension.exports.getAPI(1).repositories;
  } catch {
    // git.enabled is off: the extension is active, and its interface refuses.
    return [];
  }
}
