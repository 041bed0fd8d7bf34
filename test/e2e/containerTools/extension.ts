import type { DockerExtensionApi, RegistryDataProvider, RegistryItem } from '@microsoft/vscode-docker-registries';
import * as vscode from 'vscode';
import { ImagesTree } from './imagesTree.ts';
import { RegistriesTree } from './registriesTree.ts';
import { registryCommands } from './registryCommands.ts';

export function activate({ globalState, subscriptions }: vscode.ExtensionContext): DockerExtensionApi {
  const tree = new RegistriesTree(globalState);
  const options = { canSelectMany: true, showCollapseAll: true };
  subscriptions.push(
    vscode.window.createTreeView('vscode-containers.views.registries', { treeDataProvider: tree }),
    vscode.window.createTreeView('vscode-containers.views.images', { treeDataProvider: new ImagesTree(), ...options }),
  );
  for (const [name, run] of Object.entries(registryCommands(tree))) register(`registries.${name}`, run);
  // Registered for nothing but the activation event of other extensions.
  register('activateRegistryProviders', () => undefined);
  void vscode.commands.executeCommand('vscode-containers.activateRegistryProviders');
  return {
    registerRegistryDataProvider<T extends RegistryItem>(_id: string, provider: RegistryDataProvider<T>) {
      const registration = tree.registerProvider(provider);
      tree.refresh();
      return registration;
    },
  };

  /** Errors are shown, and a cancel is not (`parseError` of vscode-azext-utils). */
  function register(name: string, run: (node: never) => unknown): void {
    const command = vscode.commands.registerCommand(`vscode-containers.${name}`, async (node: never) => {
      try {
        await run(node);
      } catch (error) {
        if (error instanceof vscode.CancellationError) return;
        void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    });
    subscriptions.push(command);
  }
}
