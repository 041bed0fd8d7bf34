import { join } from 'node:path';
import * as v from 'valibot';
import type * as vscode from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { deleteConfirmedTag } from '../host/commands/deleteConfirmedTag.ts';
import type { RegistryActionDependencies } from '../host/commands/registryAction.ts';
import { signInToGoOn } from '../host/connections/reconnect.ts';
import { followContainerTools } from '../host/containerTools/followContainerTools.ts';
import type { GiteaRegistryProvider } from '../host/containerTools/giteaRegistryProvider.ts';
import { LoginSharing } from '../host/containerTools/loginSharing.ts';
import { askModal } from '../host/display/messages.ts';
import { OriginValues } from '../host/registry/originValues.ts';
import { FileState } from '../host/state/fileState.ts';
import type { RegistriesTreeView } from '../host/views/registries/registriesTreeView.ts';
import type { MoreNode } from '../host/views/registries/registryTree.ts';

/** What the extension does inside of Container Tools. */
export interface ContainerTools {
  readonly sharing: LoginSharing;
  readonly loadMore: (node: MoreNode) => void;
}

interface ContainerToolsParts extends RegistryActionDependencies {
  readonly logger: Logger;
  readonly registriesView: RegistriesTreeView;
}

/** Registers our registries with Container Tools as soon as that is active. */
export function buildContainerTools(
  { globalStorageUri, subscriptions }: vscode.ExtensionContext,
  dependencies: ContainerToolsParts,
): ContainerTools {
  const { store, access, addedOwners, registriesView, logger } = dependencies;
  const rows = new FileState(join(globalStorageUri.fsPath, 'state', 'containerToolsLogins'));
  const isSaved = (origin: string): boolean => store.list().some((connection) => connection.origin === origin);
  const allowed = new OriginValues(rows, 'teaChest.containerToolsLogins', v.string(), isSaved);
  const sharing = new LoginSharing({ store, allowed, ask: askModal });
  let provider: GiteaRegistryProvider | undefined;
  const following = followContainerTools({
    logger,
    createProvider: async () => {
      const { GiteaRegistryProvider: Provider } = await import('../host/containerTools/giteaRegistryProvider.ts');
      provider = new Provider({
        ...{ store, browser: access, addedOwners, logger, sharing, onDidChange: registriesView.onDidChangeTreeData },
        signIn: () => signInToGoOn(dependencies, {}),
        deleteTag: (connection, tag) => deleteConfirmedTag(dependencies, connection, tag),
      });
      return provider;
    },
  });
  subscriptions.push(following);
  return { sharing, loadMore: (node) => provider?.loadMore(node) };
}
