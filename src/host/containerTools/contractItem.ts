import * as l10n from '@vscode/l10n';
import type { CommonRegistryItem, CommonRegistryRoot } from '@microsoft/vscode-docker-registries';
import * as vscode from 'vscode';
import type { Connection } from '../connections/connection.ts';
import { nodeReference, type RegistryNode } from '../views/registries/registryTree.ts';

/** An item of the contract. Container Tools recognizes it by its type. */
export type ContractItem = CommonRegistryItem & { readonly type: string; readonly parent: ContractItem | undefined };

/** What Container Tools recognizes its rows by, and ours of other types. */
const types: Readonly<Record<Exclude<RegistryNode['type'], 'note'>, string>> = {
  registry: 'commonregistry',
  owner: 'giteaowner',
  image: 'commonrepository',
  tag: 'commontag',
  digest: 'giteadigest',
  untagged: 'giteauntagged',
  more: 'giteamore',
};

/**
 * A row as an item of Container Tools' contract. Container Tools makes references of `label`, `baseUrl` and `parent`: the
 * parent of a tag is the image, whose label is `owner/name`, and the parent of an image is the registry. So an owner's row
 * is the parent of no item. Undefined if no client could read the reference that it would make.
 */
export function contractItem(node: RegistryNode, parent: ContractItem): ContractItem | undefined {
  if ((node.type === 'image' || node.type === 'tag') && nodeReference(node) === undefined) return undefined;
  const type = node.type === 'note' ? (node.failure === undefined ? 'giteanote' : 'commonerror') : types[node.type];
  const url = 'connection' in node ? { baseUrl: baseUrlOf(node.connection) } : {};
  return { type, label: labelOf(node), parent: registryAbove(node, parent), additionalContextValues, ...url };
}

export function rootItem(label: string): CommonRegistryRoot {
  return { type: 'commonroot', label, parent: undefined, additionalContextValues };
}

const additionalContextValues = ['gitea'];

/** The value that the `when` clauses of Container Tools' menus match, as its package makes it (`getContextValue`). */
export function contractContextValue({ type, additionalContextValues: more = [] }: ContractItem): string {
  const own = type === 'commonroot' ? 'commonregistryroot' : type;
  return [...new Set([own, ...more])].sort().join(';');
}

function registryAbove(node: RegistryNode, parent: ContractItem): ContractItem {
  return node.type === 'image' && parent.type === types.owner ? (parent.parent ?? parent) : parent;
}

/** Container Tools compares its authority with the registry of an image's name. */
function baseUrlOf({ origin, host }: Connection): vscode.Uri {
  return vscode.Uri.from({ scheme: new URL(origin).protocol.slice(0, -1), authority: host, path: '/' });
}

function labelOf(node: RegistryNode): string {
  switch (node.type) {
    case 'registry':
      return node.connection.host;
    case 'owner':
      return node.owner;
    case 'image':
      return node.repository;
    case 'tag':
      return node.tag;
    case 'digest':
      return node.label;
    case 'untagged':
      return l10n.t('Untagged');
    case 'more':
      return l10n.t('Load More');
    case 'note':
      return node.text;
  }
}
