import * as l10n from '@vscode/l10n';
import { chosenImages } from '../containerTools/chosenImages.ts';
import type { LoginSharing } from '../containerTools/loginSharing.ts';
import { showInformation } from '../display/messages.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { PushController } from '../push/pushController.ts';
import type { MoreNode } from '../views/registries/registryTree.ts';

export interface ContainerToolsDependencies {
  readonly sharing: Pick<LoginSharing, 'stop'>;
  readonly loadMore: (node: MoreNode) => void;
}

export interface ContainerToolsCommandDependencies {
  readonly push: Pick<PushController, 'pushAll'>;
  readonly inContainerTools: ContainerToolsDependencies;
}

/** The commands in the menus of Container Tools, and what belongs to it, by their IDs without `teaChest.`. */
export function containerToolsCommands({
  push,
  inContainerTools,
}: ContainerToolsCommandDependencies): Readonly<Record<string, (...args: never[]) => unknown>> {
  return {
    'containerTools.push': async (clicked?: unknown, selected?: unknown) => {
      try {
        await push.pushAll(chosenImages(clicked, selected));
      } catch (error) {
        void reportFailure(error, {});
      }
    },
    'containerTools.loadMore': (node?: MoreNode) => {
      if (node?.type === 'more') inContainerTools.loadMore(node);
    },
    'containerTools.stopSharing': async () => {
      await inContainerTools.sharing.stop();
      const text = l10n.t(
        'Container Tools gets no login from Tea Chest any more, unless you agree to it again. Logins that the container engine’s client has kept stay: “docker logout” or “podman logout” removes them.',
      );
      void showInformation(text, []);
    },
  };
}
