import { setRegistriesSort } from '../config.ts';
import type { PullController } from '../pull/pullController.ts';
import { copyPullCommand, copyReferences } from '../display/clipboard.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { nodePage, nodeReference, type RegistryNode } from '../views/registries/registryTree.ts';
import { connectIdpbuilderCommand } from './connectIdpbuilder.ts';
import { registriesAddOwnerCommand, registriesRemoveOwnerCommand } from './registriesAddOwner.ts';
import { registriesCleanUpCommand } from './registriesCleanUp.ts';
import { registriesCopyAsCommand, registriesCopyDigestCommand } from './registriesCopy.ts';
import { registriesDeleteCommand } from './registriesDelete.ts';
import { registriesFilterCommand } from './registriesFilter.ts';
import { registriesPullCommand } from './registriesPull.ts';
import { registriesLinkCommand, registriesUnlinkCommand } from './registriesLink.ts';
import { registriesReconnectCommand } from './registriesReconnect.ts';
import { registriesRetagCommand } from './registriesRetag.ts';
import { registriesShowCommand } from './registriesShow.ts';
import type { RegistryActionDependencies } from './registryAction.ts';
import { signInCommand } from './signIn.ts';
import { confirmSignOut, type SignOutDependencies } from './signOut.ts';

export interface RegistryCommandDependencies extends SignOutDependencies, RegistryActionDependencies {
  readonly auth: RegistryActionDependencies['auth'] & SignOutDependencies['auth'];
  readonly access: RegistryActionDependencies['access'] & { refresh(): void };
  readonly store: RegistryActionDependencies['store'] & SignOutDependencies['store'];
  readonly pull: Pick<PullController, 'pullAll'>;
}

type Commands = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The commands of the Registries view, by their IDs without `teaChest.`. */
export function registryCommands(dependencies: RegistryCommandDependencies): Commands {
  const { access, registriesView } = dependencies;
  return {
    ...listCommands(dependencies),
    ...imageCommands(dependencies),
    // From the title of a view, VS Code passes the focused row, which is no argument of `teaChest.signIn`.
    'registries.signIn': () => signInCommand(dependencies, undefined),
    'registries.connectIdpbuilder': () => connectIdpbuilderCommand(dependencies, undefined),
    'registries.refresh': () => {
      access.refresh();
      registriesView.update();
    },
    'registries.openInBrowser': async (node?: RegistryNode) => {
      const page = node && nodePage(node);
      if (page !== undefined) await openInBrowser(page);
    },
    'registries.reconnect': (node?: RegistryNode) => registriesReconnectCommand(dependencies, node),
    'registries.signOut': async (node?: RegistryNode) => {
      if (node?.type === 'registry') await confirmSignOut(dependencies, node.connection);
    },
  };
}

/** What the view shows. */
function listCommands(dependencies: RegistryCommandDependencies): Commands {
  const { registriesView } = dependencies;
  return {
    'registries.loadMore': (node?: RegistryNode) => {
      if (node?.type === 'more') registriesView.loadMore(node);
    },
    'registries.addOwner': (node?: RegistryNode) => registriesAddOwnerCommand(dependencies, node),
    'registries.removeOwner': (node?: RegistryNode) => {
      registriesRemoveOwnerCommand(dependencies, node);
    },
    'registries.filter': () => registriesFilterCommand(dependencies),
    'registries.clearFilter': () => {
      registriesView.setFilter('');
    },
    'registries.sortByName': () => setRegistriesSort('name'),
    'registries.sortByPush': () => setRegistriesSort('newest'),
  };
}

/** What is done with images, tags and digests. */
function imageCommands(dependencies: RegistryCommandDependencies): Commands {
  const nodes = (clicked?: RegistryNode, selected?: readonly RegistryNode[]): readonly RegistryNode[] => {
    if (selected !== undefined && selected.length > 0) return selected;
    return clicked === undefined ? dependencies.registriesView.selection : [clicked];
  };
  return {
    'registries.pull': (clicked?: RegistryNode, selected?: readonly RegistryNode[]) =>
      registriesPullCommand(dependencies.pull, nodes(clicked, selected)),
    'registries.copyReference': (clicked?: RegistryNode, selected?: readonly RegistryNode[]) =>
      copyReferences(
        nodes(clicked, selected)
          .map(nodeReference)
          .filter((reference) => reference !== undefined),
      ),
    'registries.copyDigest': (clicked?: RegistryNode, selected?: readonly RegistryNode[]) =>
      registriesCopyDigestCommand(dependencies, nodes(clicked, selected)),
    'registries.copyPullCommand': (node?: RegistryNode) => copyPullCommand((node && nodeReference(node)) ?? ''),
    'registries.copyAs': (node?: RegistryNode) => registriesCopyAsCommand(node),
    'registries.delete': (clicked?: RegistryNode, selected?: readonly RegistryNode[]) =>
      registriesDeleteCommand(dependencies, nodes(clicked, selected)),
    'registries.cleanUp': (node?: RegistryNode) => registriesCleanUpCommand(dependencies, node),
    'registries.link': (node?: RegistryNode) => registriesLinkCommand(dependencies, node),
    'registries.unlink': (node?: RegistryNode) => registriesUnlinkCommand(dependencies, node),
    'registries.retag': (node?: RegistryNode) => registriesRetagCommand(dependencies, node),
    'registries.showManifest': (node?: RegistryNode) => registriesShowCommand(dependencies, 'manifest', node),
    'registries.showConfig': (node?: RegistryNode) => registriesShowCommand(dependencies, 'config', node),
    'registries.showHistory': (node?: RegistryNode) => registriesShowCommand(dependencies, 'history', node),
  };
}
