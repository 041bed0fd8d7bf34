import * as vscode from 'vscode';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { AskSignInDependencies } from '../connections/signInState.ts';
import type { EngineLink } from '../engine/engine.ts';
import type { ImageList } from '../engine/imageList.ts';
import type { SyncStates } from '../sync/syncStates.ts';
import type { InspectImage } from '../push/composeImages.ts';
import type { PullController } from '../pull/pullController.ts';
import type { PushController } from '../push/pushController.ts';
import { chosenRows, tagsOf } from '../views/images/chosenImages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import type { ImagesView } from '../views/images/imagesView.ts';
import { setShowDangling } from '../config.ts';
import { copyImageIds, copyReferences } from '../display/clipboard.ts';
import { containerToolsCommands, type ContainerToolsDependencies } from './containerToolsCommands.ts';
import { pageCommands, type PageCommandDependencies } from './pageCommands.ts';
import { pushesCommands, type PushesCommandDependencies } from './pushesCommands.ts';
import { registryCommands, type RegistryCommandDependencies } from './registryCommands.ts';
import { signOutCommand } from './signOut.ts';
import { connectIdpbuilderCommand } from './connectIdpbuilder.ts';
import { readSettingsQuery } from './arguments.ts';
import { imagesCompareCommand, registriesCompareCommand, registriesCompareSelectedCommand } from './imagesCompare.ts';
import { imagesPushCommand } from './imagesPush.ts';
import { listImagesCommand } from './listImages.ts';
import { pullImageCommand } from './pullImage.ts';
import { previewComposeFileCommand, pushComposeFileCommand } from './pushComposeFile.ts';
import { pushImageCommand } from './pushImage.ts';
import { pushImagesCommand } from './pushImages.ts';
import { pushOutOfDateCommand } from './pushOutOfDate.ts';
import { selectEngineCommand, type SelectEngineDependencies } from './selectEngine.ts';
import { showLayersCommand } from './showLayers.ts';
import { showTroubleshootingCommand } from './showTroubleshooting.ts';
import { signInCommand } from './signIn.ts';

export interface CommandDependencies
  extends RegistryCommandDependencies, SelectEngineDependencies, PushesCommandDependencies, PageCommandDependencies {
  readonly store: ConnectionStore;
  readonly history: PushesCommandDependencies['history'] & PageCommandDependencies['history'];
  readonly push: PushController;
  readonly registriesView: RegistryCommandDependencies['registriesView'] & PushesCommandDependencies['registriesView'];
  readonly auth: AskSignInDependencies['auth'];
  readonly link: EngineLink;
  readonly images: Pick<ImageList, 'reconnect' | 'open'>;
  readonly sync: SyncStates;
  readonly imagesView: Pick<ImagesView, 'selection'>;
  readonly inContainerTools: ContainerToolsDependencies;
  readonly pull: PullController;
  readonly inspect: InspectImage;
  readonly automation: { readonly consent: { reset(): Promise<void> } };
  readonly channel: Pick<vscode.LogOutputChannel, 'show'>;
  readonly extensionUri: vscode.Uri;
}

/** What a command does, by its name of package.json. */
export type CommandTable = Readonly<Record<string, (...args: never[]) => unknown>>;

export function commandTable(dependencies: CommandDependencies): CommandTable {
  const { link, images, imagesView, push, pull, inspect, automation, channel, extensionUri } = dependencies;
  const rows = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly ImageNode[] =>
    chosenRows(clicked, selected, imagesView.selection);
  const tags = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly TagNode[] =>
    tagsOf(rows(clicked, selected));
  const commands: CommandTable = {
    signIn: (argument?: unknown) => signInCommand(dependencies, argument),
    connectIdpbuilder: (argument?: unknown) => connectIdpbuilderCommand(dependencies, argument),
    signOut: (argument?: unknown) => signOutCommand(dependencies, argument),
    listImages: () => listImagesCommand(link),
    selectEngine: (argument?: unknown) => selectEngineCommand(dependencies, argument),
    pushImage: (argument?: unknown) => pushImageCommand(push, argument),
    pushImages: (argument?: unknown) => pushImagesCommand(push, inspect, argument),
    pushOutOfDate: (argument?: unknown) => pushOutOfDateCommand(dependencies, argument),
    // From the title of a view, VS Code passes the focused row.
    'images.pushOutOfDate': () => pushOutOfDateCommand(dependencies, undefined),
    pullImage: (argument?: unknown) => pullImageCommand(pull, argument),
    pushComposeFile: (clicked?: vscode.Uri, selected?: readonly vscode.Uri[]) =>
      pushComposeFileCommand(dependencies, clicked, selected),
    previewComposeFile: (clicked?: vscode.Uri, selected?: readonly vscode.Uri[]) =>
      previewComposeFileCommand(dependencies, clicked, selected),
    'pushOnBuild.askAgain': () => automation.consent.reset(),
    'images.push': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      imagesPushCommand(push, rows(clicked, selected)),
    'images.pushAllTags': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      push.pushAll(tags(clicked, selected).map(({ reference, image }) => reference ?? image.id)),
    'images.refresh': () => images.reconnect(),
    'images.compare': (node?: ImageNode) => imagesCompareCommand(dependencies, node),
    'registries.compare': (node?: RegistryNode) => registriesCompareCommand(dependencies, node),
    'registries.compareSelected': (clicked?: RegistryNode, selected?: readonly RegistryNode[]) =>
      registriesCompareSelectedCommand(dependencies, selected ?? (clicked === undefined ? [] : [clicked])),
    'images.copyReference': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      copyReferences(tags(clicked, selected).flatMap(({ reference }) => reference ?? [])),
    'images.copyId': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      copyImageIds(tags(clicked, selected).map(({ image }) => image.id)),
    // From the title of a view, VS Code passes the focused row, which is no argument of `teaChest.selectEngine`.
    'images.selectEngine': () => selectEngineCommand(dependencies, undefined),
    'images.showDangling': () => setShowDangling(true),
    'images.hideDangling': () => setShowDangling(false),
    showLayers: () => showLayersCommand(dependencies),
    ...pageCommands(dependencies, tags),
    ...pushesCommands(dependencies),
    ...registryCommands(dependencies),
    ...containerToolsCommands(dependencies),
    openSettings: (argument?: unknown) =>
      vscode.commands.executeCommand('workbench.action.openSettings', readSettingsQuery(argument)),
    showLog: () => {
      channel.show();
    },
    showTroubleshooting: (argument?: unknown) => showTroubleshootingCommand(extensionUri, argument),
  };
  return Object.fromEntries(Object.entries(commands).map(([name, run]) => [`teaChest.${name}`, run]));
}
