import type * as vscode from 'vscode';
import { alwaysPreviewsPush } from '../host/config.ts';
import { PushController } from '../host/push/pushController.ts';
import { PushPages } from '../host/pushPage/pushPages.ts';
import type { Controller } from './buildController.ts';
import type { Pushing } from './buildPushing.ts';

/** What a person pushes with. A push shows its page, and a page begins pushes: each has the other. */
export function buildPushPages(
  { extensionUri }: vscode.ExtensionContext,
  { runner, planner, history }: Pushing,
  controller: Controller,
): { readonly push: PushController; readonly pages: PushPages } {
  const { store, logger } = controller;
  const push = new PushController({
    ...controller,
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
