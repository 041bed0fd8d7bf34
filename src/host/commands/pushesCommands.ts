import * as l10n from '@vscode/l10n';
import type { ImageRecord } from '../../core/push/record/pushRecord.ts';
import { isOver } from '../../core/push/record/recordPush.ts';
import { pageAt } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import { copyDigests, copyReferences } from '../display/clipboard.ts';
import { showInformation } from '../display/messages.ts';
import type { PushHistory } from '../history/pushHistory.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { imagesToPushAgain, pushAgain } from '../push/pushAgain.ts';
import type { PushController } from '../push/pushController.ts';
import type { PushRunner } from '../push/pushRunner.ts';
import { recordedArguments } from '../push/recordedArguments.ts';
import { recordedPage, recordedTag } from '../targets/recordedTarget.ts';
import { imagesOf, type PushNode } from '../views/pushes/pushNodes.ts';
import type { PushesView } from '../views/pushes/pushesView.ts';
import type { RegistriesTreeView } from '../views/registries/registriesTreeView.ts';

export interface PushesCommandDependencies {
  readonly history: Pick<PushHistory, 'list' | 'isHere' | 'remove'>;
  readonly runner: Pick<PushRunner, 'cancel' | 'moveToFront'>;
  readonly push: Pick<PushController, 'askAndPush' | 'pushArguments' | 'pushEach' | 'showFailure'>;
  readonly pushesView: Pick<PushesView, 'selection'>;
  readonly registriesView: Pick<RegistriesTreeView, 'reveal'>;
  readonly store: Pick<ConnectionStore, 'find'>;
}

type Commands = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The commands of the Pushes view, by their IDs without `teaChest.`. */
export function pushesCommands(dependencies: PushesCommandDependencies): Commands {
  const { history, runner, push, pushesView } = dependencies;
  type Run = (clicked?: PushNode, selected?: readonly PushNode[]) => unknown;
  const onRows =
    (run: (nodes: readonly Exclude<PushNode, { type: 'layer' }>[]) => unknown): Run =>
    (clicked, selected) => {
      const several = selected === undefined || selected.length === 0 ? undefined : selected;
      const nodes = several ?? (clicked === undefined ? pushesView.selection : [clicked]);
      return run(nodes.filter((node) => node.type !== 'layer'));
    };
  const onImages = (run: (images: readonly ImageRecord[]) => unknown): Run =>
    onRows((nodes) => run(nodes.flatMap(imagesOf)));
  const onImage = (run: (image: ImageRecord) => unknown): Run => onImages(([image]) => image && run(image));
  return {
    // From the title of a view, VS Code passes the focused row, which is no argument of `teaChest.pushImage`.
    'pushes.pushImage': () => push.askAndPush(),
    'pushes.cancel': onRows((nodes) => {
      for (const { record } of nodes) runner.cancel(record.id);
    }),
    'pushes.moveToFront': onRows(([node]) => {
      if (node !== undefined) runner.moveToFront(node.record.id);
    }),
    'pushes.retry': onRows((nodes) =>
      pushAgain(nodes.map(imagesOf).flatMap(imagesToPushAgain).map(recordedArguments), push),
    ),
    'pushes.copyDigest': onImages((images) => copyDigests(images.flatMap(({ result }) => result?.digest ?? []))),
    'pushes.copyReference': onImages((images) => copyReferences(images.map(({ target }) => target))),
    'pushes.showInRegistry': onImage((image) => showInRegistry(dependencies, image)),
    'pushes.openInBrowser': onImage((image) => openPage(dependencies, image)),
    'pushes.showError': onImage((image) => push.showFailure(image)),
    // Its key works on any row. A push that runs in another window stays, and so does one of which an image is chosen.
    'pushes.remove': onRows((nodes) =>
      history.remove(
        nodes.filter(({ type, record }) => type === 'run' && isOver(record.state)).map(({ record }) => record.id),
      ),
    ),
    'pushes.clearFinished': () =>
      history.remove(
        history
          .list()
          .filter(({ state }) => isOver(state))
          .map(({ id }) => id),
      ),
  };
}

async function showInRegistry({ registriesView }: PushesCommandDependencies, image: ImageRecord): Promise<void> {
  const tag = recordedTag(image);
  if (tag === undefined || (await registriesView.reveal(tag))) return;
  await showInformation(
    l10n.t`${image.target} is not in the Registries view. It may have been deleted or renamed.`,
    [],
  );
}

async function openPage({ store }: PushesCommandDependencies, image: ImageRecord): Promise<void> {
  const connection = store.find(image.origin);
  const page = connection && recordedPage(image, connection);
  if (connection !== undefined && page !== undefined) await openInBrowser(pageAt(connection, page));
}
