import * as vscode from 'vscode';
import type { Logger } from '../../core/base/logger.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { ImageList } from '../engine/imageList.ts';
import type { RegistryAccess } from '../registry/registryAccess.ts';
import type { RegistryCleanup } from '../registry/registryCleanup.ts';
import type { TargetMemory } from '../targets/targetMemory.ts';
import type { SyncStates } from '../sync/syncStates.ts';
import type { ImagesView } from './images/imagesView.ts';
import type { RegistriesView } from './registries/registriesView.ts';

export interface FollowChangesDependencies {
  readonly logger: Logger;
  readonly store: Pick<ConnectionStore, 'list' | 'onDidChange'>;
  readonly access: Pick<RegistryAccess, 'refresh'>;
  readonly memory: Pick<TargetMemory, 'hasAny'>;
  readonly cleanup: Pick<RegistryCleanup, 'removeSignedOut'>;
  readonly images: Pick<ImageList, 'engineChanged'>;
  readonly imagesView: Pick<ImagesView, 'update'>;
  readonly registriesView: Pick<RegistriesView, 'update'>;
  readonly sync: Pick<SyncStates, 'refresh'>;
  readonly runner: { updateLimit(): void };
}

/** Updates the views after a sign-in or sign-out, in this window or another one, and after a changed setting. */
export function followChanges(dependencies: FollowChangesDependencies): vscode.Disposable {
  const { logger, store, cleanup, images, imagesView, registriesView, sync, runner } = dependencies;
  showRegistries(dependencies);
  showWhetherPushed(dependencies.memory);
  return vscode.Disposable.from(
    store.onDidChange(() => {
      showRegistries(dependencies);
      sync.refresh();
      cleanup.removeSignedOut().catch((error: unknown) => {
        logger.warn(`Not all data about a registry could be removed after the sign-out: ${String(error)}`);
      });
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('teaChest.engine')) void images.engineChanged();
      if (change.affectsConfiguration('teaChest.images.showDangling')) imagesView.update();
      if (change.affectsConfiguration('teaChest.registries.sort')) registriesView.update();
      if (change.affectsConfiguration('teaChest.push.maxConcurrent')) runner.updateLimit();
    }),
  );
}

function showRegistries({ store, access, registriesView }: FollowChangesDependencies): void {
  void vscode.commands.executeCommand('setContext', 'teaChest.hasRegistries', store.list().length > 0);
  access.refresh();
  registriesView.update();
}

/** The walkthrough's step for the first push is complete from now on. */
export function showWhetherPushed(memory: Pick<TargetMemory, 'hasAny'>): void {
  if (memory.hasAny()) void vscode.commands.executeCommand('setContext', 'teaChest.hasPushed', true);
}
