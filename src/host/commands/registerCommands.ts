import * as vscode from 'vscode';
import { setShowDangling } from '../config.ts';
import { copyImageIds, copyPullCommand, copyReferences } from '../display/clipboard.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import type { EngineLink } from '../engine/engine.ts';
import type { ImageList } from '../engine/imageList.ts';
import { openInBrowser } from '../openInBrowser.ts';
import type { PushController } from '../push/pushController.ts';
import { chosenRows, tagsOf } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';
import type { ImagesView } from '../views/images/imagesView.ts';
import type { RegistriesView } from '../views/registries/registriesView.ts';
import { nodePage, nodeReference, type RegistryNode } from '../views/registries/registryTree.ts';
import { readSettingsQuery } from './arguments.ts';
import { imagesPushCommand } from './imagesPush.ts';
import { listImagesCommand } from './listImages.ts';
import { pushImageCommand } from './pushImage.ts';
import { pushImagesCommand } from './pushImages.ts';
import { registriesReconnectCommand } from './registriesReconnect.ts';
import { selectEngineCommand, type SelectEngineDependencies } from './selectEngine.ts';
import { signInCommand } from './signIn.ts';
import { confirmSignOut, signOutCommand, type SignOutDependencies } from './signOut.ts';

export interface CommandDependencies extends AskSignInDependencies, SignOutDependencies, SelectEngineDependencies {
  readonly store: ConnectionStore;
  readonly auth: AskSignInDependencies['auth'];
  readonly access: { refresh(): void };
  readonly link: EngineLink;
  readonly images: Pick<ImageList, 'reconnect'>;
  readonly imagesView: Pick<ImagesView, 'selection'>;
  readonly registriesView: Pick<RegistriesView, 'update'>;
  readonly push: PushController;
  readonly channel: Pick<vscode.LogOutputChannel, 'show'>;
}

/** Registers every command of package.json. */
export function registerCommands(dependencies: CommandDependencies): vscode.Disposable {
  const { access, link, images, imagesView, registriesView, push, channel } = dependencies;
  const rows = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly ImageNode[] =>
    chosenRows(clicked, selected, imagesView.selection);
  const tags = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly TagNode[] =>
    tagsOf(rows(clicked, selected));
  const commands: Readonly<Record<string, (...args: never[]) => unknown>> = {
    signIn: (argument?: unknown) => signInCommand(dependencies, argument),
    signOut: (argument?: unknown) => signOutCommand(dependencies, argument),
    listImages: () => listImagesCommand(link),
    selectEngine: (argument?: unknown) => selectEngineCommand(dependencies, argument),
    pushImage: (argument?: unknown) => pushImageCommand(push, argument),
    pushImages: (argument?: unknown) => pushImagesCommand(push, argument),
    'images.push': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      imagesPushCommand(push, rows(clicked, selected)),
    'images.pushAllTags': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      push.pushAll(tags(clicked, selected).map(({ reference, image }) => reference ?? image.id)),
    'images.refresh': () => images.reconnect(),
    'images.copyReference': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      copyReferences(tags(clicked, selected).flatMap(({ reference }) => reference ?? [])),
    'images.copyId': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      copyImageIds(tags(clicked, selected).map(({ image }) => image.id)),
    // From the title of a view, VS Code passes the focused row, which is no argument of `teaChest.selectEngine`.
    'images.selectEngine': () => selectEngineCommand(dependencies, undefined),
    'images.showDangling': () => setShowDangling(true),
    'images.hideDangling': () => setShowDangling(false),
    // As `images.selectEngine`.
    'registries.signIn': () => signInCommand(dependencies, undefined),
    'registries.refresh': () => {
      access.refresh();
      registriesView.update();
    },
    'registries.copyReference': (node?: RegistryNode) => copyReferences(referencesOf(node)),
    'registries.copyPullCommand': (node?: RegistryNode) => copyPullCommand(referencesOf(node)[0] ?? ''),
    'registries.openInBrowser': async (node?: RegistryNode) => {
      const page = node && nodePage(node);
      if (page !== undefined) await openInBrowser(page);
    },
    'registries.reconnect': (node?: RegistryNode) => registriesReconnectCommand(dependencies, node),
    'registries.signOut': async (node?: RegistryNode) => {
      if (node?.type === 'registry') await confirmSignOut(dependencies, node.connection);
    },
    openSettings: (argument?: unknown) =>
      vscode.commands.executeCommand('workbench.action.openSettings', readSettingsQuery(argument)),
    showLog: () => {
      channel.show();
    },
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`teaChest.${name}`, run as (...args: unknown[]) => unknown),
    ),
  );
}

function referencesOf(node: RegistryNode | undefined): readonly string[] {
  const reference = node && nodeReference(node);
  return reference === undefined ? [] : [reference];
}
