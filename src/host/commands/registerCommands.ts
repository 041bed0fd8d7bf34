import * as vscode from 'vscode';
import type { Logger } from '../../core/base/logger.ts';
import { setShowDangling } from '../config.ts';
import type { EngineLink } from '../engine/engine.ts';
import type { ImageList } from '../engine/imageList.ts';
import { chosenRows, tagsOf } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';
import type { ImagesView } from '../views/images/imagesView.ts';
import type { RegistriesView } from '../views/registries/registriesView.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import { readSettingsQuery } from './arguments.ts';
import { copyImageIds, copyReferences, imagesToPush } from './imageCommands.ts';
import { listImagesCommand } from './listImages.ts';
import type { PushCommands } from './pushImage.ts';
import { copyPullCommand, copyRegistryReference, reconnectRegistry, openRegistryPage } from './registryCommands.ts';
import { signInCommand, type SignInDependencies } from './signIn.ts';
import { signOutAfterAsking, signOutCommand, type SignOutDependencies } from './signOut.ts';

export interface CommandDependencies extends SignInDependencies, SignOutDependencies {
  readonly access: { refresh(): void };
  readonly link: EngineLink;
  readonly images: ImageList;
  readonly imagesView: ImagesView;
  readonly registriesView: RegistriesView;
  readonly push: PushCommands;
  readonly channel: vscode.LogOutputChannel;
  readonly logger: Logger;
}

/** Every command of package.json, and what it does. */
export function registerCommands(dependencies: CommandDependencies): vscode.Disposable {
  const { access, link, images, imagesView, registriesView, push, channel } = dependencies;
  const rows = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly ImageNode[] =>
    chosenRows(clicked, selected, imagesView.selection);
  const tags = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly TagNode[] =>
    tagsOf(rows(clicked, selected));
  const commands: Readonly<Record<string, (...args: never[]) => unknown>> = {
    signIn: (argument?: unknown) => signInCommand(dependencies, argument),
    // From the title of a view, VS Code passes the focused row, which is no argument of ours.
    'registries.signIn': () => signInCommand(dependencies, undefined),
    signOut: (argument?: unknown) => signOutCommand(dependencies, argument),
    listImages: () => listImagesCommand(link),
    pushImage: (argument?: unknown) => push.run(argument),
    'images.push': async (clicked?: ImageNode, selected?: readonly ImageNode[]) => {
      const chosen = await imagesToPush(rows(clicked, selected));
      if (chosen !== undefined) await push.pushAll(chosen);
    },
    'images.refresh': () => images.reconnect(),
    'images.copyReference': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      copyReferences(tags(clicked, selected)),
    'images.copyId': (clicked?: ImageNode, selected?: readonly ImageNode[]) => copyImageIds(tags(clicked, selected)),
    'images.showDangling': () => setShowDangling(true),
    'images.hideDangling': () => setShowDangling(false),
    'registries.refresh': () => {
      access.refresh();
      registriesView.update();
    },
    'registries.copyReference': (node?: RegistryNode) => copyRegistryReference(node),
    'registries.copyPullCommand': (node?: RegistryNode) => copyPullCommand(node),
    'registries.openInBrowser': (node?: RegistryNode) => openRegistryPage(node),
    'registries.reconnect': (node?: RegistryNode) => reconnectRegistry(dependencies, node),
    'registries.signOut': async (node?: RegistryNode) => {
      if (node?.type === 'registry') await signOutAfterAsking(dependencies, node.connection);
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
