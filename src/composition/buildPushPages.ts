import type * as vscode from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { alwaysPreviewsPush } from '../host/config.ts';
import type { ConnectionStore } from '../host/connections/connectionStore.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import { PushController, type PushControllerDependencies } from '../host/push/pushController.ts';
import { PushPages } from '../host/pushPage/pushPages.ts';
import type { Pushing } from './buildPushing.ts';

export interface PushDialogs extends Omit<PushControllerDependencies, 'runner' | 'inspect' | 'preview'> {
  readonly store: ConnectionStore;
  readonly logger: Logger;
}

/** What a person pushes with. A push shows its page, and a page begins pushes: each has the other. */
export function buildPushPages(
  { extensionUri }: vscode.ExtensionContext,
  { runner, planner, history }: Pushing,
  link: EngineLink,
  dialogs: PushDialogs,
): { readonly push: PushController; readonly pages: PushPages } {
  const { store, logger } = dialogs;
  const push = new PushController({
    ...{ ...dialogs, runner },
    inspect: async (image) => (await link.get()).inspect(image, { signal: new AbortController().signal }),
    preview: {
      isAlwaysShown: alwaysPreviewsPush,
      show: (all) => {
        pages.showPlan(all);
      },
      showPush: (id) => {
        pages.showPush(id);
      },
    },
  });
  const pages: PushPages = new PushPages({ extensionUri, history, runner, planner, push, store, logger });
  return { push, pages };
}
