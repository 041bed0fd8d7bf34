import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import type { Platform } from '../../../core/oci/platform.ts';
import { treeItem } from '../../display/treeItem.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import type { SyncEntry } from '../../sync/syncStates.ts';
import { describeState, stateIcon, stateIcons } from '../../sync/syncText.ts';
import { describeArtifact, describeContainers, describePlatforms, describeUse, joined } from './imageFacts.ts';
import {
  contextValueOf,
  describeTags,
  describeUseOfAll,
  repositoryAccessibleName,
  type ImageNode,
  type RepositoryNode,
  type TagNode,
} from './imageTree.ts';

/** What was read of an image after its row was shown. */
export interface LoadedFacts {
  readonly platforms?: readonly Platform[] | undefined;
  /** How it compares with its target in a registry. */
  readonly sync?: SyncEntry | undefined;
}

/** The tree item of a node. `now` in milliseconds since the epoch. */
export function imageItem(node: ImageNode, loaded: (tag: TagNode) => LoadedFacts, now: number): vscode.TreeItem {
  return node.type === 'repository' ? repositoryItem(node) : tagItem(node, loaded(node), now);
}

function repositoryItem(node: RepositoryNode): vscode.TreeItem {
  return treeItem({
    id: node.id,
    contextValue: contextValueOf(node),
    label: node.name,
    description: joined([describeTags(node), describeUseOfAll(node.tags)], ' · '),
    icon: 'package',
    expandable: true,
    accessibleName: repositoryAccessibleName(node),
    tooltip: repositoryAccessibleName(node),
  });
}

function tagItem(node: TagNode, { platforms = [], sync }: LoadedFacts, now: number): vscode.TreeItem {
  const { id, label, reference, image } = node;
  const obstacle = image.obstacle === undefined ? undefined : l10n.t`cannot be pushed: ${image.obstacle}`;
  const state = describeState(sync);
  const spokenState = sync === undefined ? '' : l10n.t`${state} in ${sync.target.host}`;
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    image.isArtifact ? describeArtifact(image) : describePlatforms(image.platforms ?? platforms),
  ];
  return treeItem({
    id,
    contextValue: contextValueOf(node),
    label,
    description: joined([obstacle, state, describeUse(image), ...facts], ' · '),
    icon: iconOf(node, sync),
    expandable: false,
    accessibleName: joined(
      [l10n.t`Image ${reference ?? `${label}, untagged`}`, obstacle, spokenState, describeContainers(image), ...facts],
      ', ',
    ),
  });
}

/** What a person may act on comes first: an obstacle, a difference from the registry, containers. */
function iconOf({ reference, image }: TagNode, sync: SyncEntry | undefined): string {
  if (image.obstacle !== undefined) return 'warning';
  const ofState = stateIcon(sync);
  if (ofState !== undefined && ofState !== stateIcons.upToDate) return ofState;
  if (image.usedBy !== undefined && image.usedBy.running > 0) return 'vm-running';
  if (image.usedBy !== undefined && image.usedBy.stopped > 0) return 'vm-outline';
  if (image.isArtifact) return 'archive';
  if (ofState !== undefined) return ofState;
  return reference === undefined ? 'circle-slash' : 'tag';
}
