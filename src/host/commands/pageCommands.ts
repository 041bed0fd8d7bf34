import * as l10n from '@vscode/l10n';
import type { PushHistory } from '../history/pushHistory.ts';
import type { PushController } from '../push/pushController.ts';
import type { PushPlanner } from '../push/pushPlanner.ts';
import type { PushPages } from '../pushPage/pushPages.ts';
import type { ImageNode, TagNode } from '../views/images/imageTree.ts';
import type { PushNode } from '../views/pushes/pushNodes.ts';
import type { PushesView } from '../views/pushes/pushesView.ts';
import { showInformation } from '../display/messages.ts';
import { readImageArgument } from './arguments.ts';
import type { InspectImage } from '../push/composeImages.ts';
import { planPushCommand } from './planPush.ts';
import { toRejection } from './toRejection.ts';

export interface PageCommandDependencies {
  readonly pages: Pick<PushPages, 'showPush' | 'showLayers'>;
  readonly planner: Pick<PushPlanner, 'plan'>;
  readonly inspect: InspectImage;
  readonly push: Pick<PushController, 'preview'>;
  readonly history: Pick<PushHistory, 'list'>;
  readonly pushesView: Pick<PushesView, 'selection'>;
}

type Commands = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The commands that open a push page or make a plan, by their IDs without `teaChest.`. `tags`: of the chosen rows. */
export function pageCommands(
  { pages, planner, inspect, push, history, pushesView }: PageCommandDependencies,
  tags: (clicked?: ImageNode, selected?: readonly ImageNode[]) => readonly TagNode[],
): Commands {
  const namesOf = (clicked?: ImageNode, selected?: readonly ImageNode[]): readonly string[] =>
    tags(clicked, selected).map(({ reference, image }) => reference ?? image.id);
  return {
    planPush: (argument?: unknown) => planPushCommand(planner, inspect, argument),
    previewPush: (argument?: unknown) => {
      const image = readImage('teaChest.previewPush', argument);
      return push.preview(image === undefined ? undefined : [image]);
    },
    'images.previewPush': (clicked?: ImageNode, selected?: readonly ImageNode[]) =>
      push.preview(namesOf(clicked, selected)),
    'images.showLayers': (clicked?: ImageNode, selected?: readonly ImageNode[]) => {
      const [name] = namesOf(clicked, selected);
      if (name !== undefined) pages.showLayers(name);
    },
    'pushes.showDetails': async (clicked?: PushNode) => {
      const [node = pushesView.selection[0]] = clicked === undefined ? [] : [clicked];
      const record = node === undefined || node.type === 'layer' ? history.list()[0] : node.record;
      const target = node?.type === 'image' ? node.image.target : undefined;
      if (record !== undefined) pages.showPush(record.id, target);
      else await showInformation(l10n.t('Nothing was pushed yet.'), []);
    },
  };
}

function readImage(command: string, argument: unknown): string | undefined {
  try {
    return readImageArgument(command, argument);
  } catch (error) {
    throw toRejection(error, 'resolve');
  }
}
