import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { CommonTag, RegistryV2DataProvider } from '@microsoft/vscode-docker-registries';
import * as vscode from 'vscode';
import { fullImageNameOf, imageNameOf, type RegistriesTree, type UnifiedItem } from './registriesTree.ts';

/** The commands of the Registries view, by their IDs without `vscode-containers.registries.`. */
export function registryCommands(tree: RegistriesTree): Readonly<Record<string, (node: UnifiedItem) => unknown>> {
  return {
    connectRegistry: () => tree.connect(),
    disconnectRegistry: (node) => tree.disconnect(node),
    refresh: () => {
      tree.refresh();
    },
    pullImage: async (node) => {
      // The row above that of the image, whatever it is.
      const registry = node.parent?.parent;
      if (registry === undefined) throw new Error('no registry');
      await logIn(registry);
      const reference = fullImageNameOf(tagOf(node));
      await docker(['pull', reference]);
      void vscode.window.showInformationMessage(`Pulled ${reference}`);
    },
    copyRemoteFullTag: (node) => vscode.env.clipboard.writeText(fullImageNameOf(tagOf(node))),
    copyImageDigest: async (node) => {
      await vscode.env.clipboard.writeText(await v2Provider(node).getImageDigest(tagOf(node)));
    },
    inspectRemoteImageManifest: async (node) => {
      const content = JSON.stringify(await v2Provider(node).getManifest(tagOf(node)), undefined, 2);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: 'json' }));
    },
    deleteImage: async (node) => {
      const tag = tagOf(node);
      const name = imageNameOf(tag);
      const question = `Are you sure you want to delete image "${name}"? This will delete all images that have the same digest.`;
      if ((await vscode.window.showWarningMessage(question, { modal: true }, 'Delete')) === undefined) return;
      await v2Provider(node).deleteTag(tag);
      tree.refresh();
      void vscode.window.showInformationMessage(`Successfully deleted image "${name}".`);
    },
  };
}

/** Signs the engine's own client in: `docker login --password-stdin`. */
async function logIn({ provider, wrappedItem }: UnifiedItem): Promise<void> {
  const login = await provider.getLoginInformation?.(wrappedItem);
  if (login === undefined || login.username === '' || login.secret === '') return;
  await docker(['login', '--username', login.username, '--password-stdin', login.server], login.secret);
}

function tagOf({ wrappedItem }: UnifiedItem): CommonTag {
  return wrappedItem as CommonTag;
}

/** Container Tools takes every provider for one with these methods. */
function v2Provider({ provider }: UnifiedItem): RegistryV2DataProvider {
  return provider as unknown as RegistryV2DataProvider;
}

export async function docker(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await ended) !== 0) throw new Error(errors);
  return output;
}
