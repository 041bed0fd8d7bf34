import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import type { Platform } from '../../../core/oci/platform.ts';
import { treeItem } from '../../display/treeItem.ts';
import { formatAge, formatBytes } from '../../progress/format.ts';
import type { SyncEntry } from '../../sync/syncStates.ts';
import { describeState, stateIcon, stateIcons } from '../../sync/syncText.ts';
import { countContainers, describeArtifact, describePlatforms, describeUse, isRunning, joined } from './imageFacts.ts';
import {
  contextValueOf,
  describeTags,
  describeUseOfAll,
  nameOfOnlyTag,
  onlyTag,
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
  if (node.type === 'tag') return tagItem(node, node, loaded(node), now);
  const only = onlyTag(node);
  if (only === undefined) return repositoryItem(node);
  return tagItem(only, { id: node.id, label: nameOfOnlyTag(node, only) }, loaded(only), now);
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

/** `row`: the row of the tag, or of its repository if that has no other tag. */
function tagItem(
  node: TagNode,
  row: Pick<TagNode, 'id' | 'label'>,
  { platforms = [], sync }: LoadedFacts,
  now: number,
): vscode.TreeItem {
  const { reference, image } = node;
  const obstacle = image.obstacle === undefined ? undefined : l10n.t`cannot be pushed: ${image.obstacle}`;
  const state = describeState(sync);
  const counts = countContainers(image);
  const spokenState =
    sync === undefined
      ? ''
      : l10n.t({
          message: '{0} in {1}',
          args: [state, sync.target.host],
          comment: '“up to date in gitea.example.com”',
        });
  const facts = [
    formatBytes(image.size),
    formatAge(image.createdAt, now),
    image.isArtifact ? describeArtifact(image) : describePlatforms(image.platforms ?? platforms),
  ];
  return treeItem({
    ...row,
    contextValue: contextValueOf(node),
    description: joined([obstacle, state, describeUse(image), ...facts], ' · '),
    icon: iconOf(node, sync),
    expandable: false,
    accessibleName: joined(
      [
        reference === undefined ? l10n.t`Image ${node.label}, untagged` : l10n.t`Image ${reference}`,
        ...[obstacle, spokenState, counts && l10n.t`in use by: ${counts}`],
        ...facts,
      ],
      ', ',
    ),
  });
}

/** What a person may act on comes first: an obstacle, a difference from the registry, containers. */
function iconOf({ reference, image }: TagNode, sync: SyncEntry | undefined): string {
  if (image.obstacle !== undefined) return 'warning';
  const ofState = stateIcon(sync);
  if (ofState !== undefined && ofState !== stateIcons.upToDate) return ofState;
  if (isRunning(image)) return 'vm-running';
  if (image.usedBy !== undefined && image.usedBy.stopped > 0) return 'vm-outline';
  if (image.isArtifact) return 'archive';
  if (ofState !== undefined) return ofState;
  return reference === undefined ? 'circle-slash' : 'tag';
}
