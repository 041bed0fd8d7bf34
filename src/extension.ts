import './host/messages/loadMessages.ts';
import * as vscode from 'vscode';
import { buildApi } from './composition/buildApi.ts';
import { buildAutomation } from './composition/buildAutomation.ts';
import { buildContainerTools } from './composition/buildContainerTools.ts';
import { buildController } from './composition/buildController.ts';
import { buildTagComparison } from './composition/buildTagComparison.ts';
import { buildImages, type Images } from './composition/buildImages.ts';
import { buildPulling } from './composition/buildPulling.ts';
import { buildPushing } from './composition/buildPushing.ts';
import { buildPushPages } from './composition/buildPushPages.ts';
import { buildRegistries, registryData } from './composition/buildRegistries.ts';
import { engines, followContexts, withListener } from './composition/engineChoice.ts';
import type { TeaChestApi } from './host/api.ts';
import { registerCommands, type CommandContributions } from './host/commands/registerCommands.ts';
import { engineChoice, registriesSort } from './host/config.ts';
import { followClusters } from './host/connections/followClusters.ts';
import { machineClusters } from './host/connections/localClusters.ts';
import { SessionSecrets } from './host/connections/sessionSecrets.ts';
import { gitRemotes } from './host/connections/gitRemotes.ts';
import { machineLogins } from './host/connections/loginSources.ts';
import { warnSecretsNotKept } from './host/connections/warnSecretsNotKept.ts';
import { EngineLink } from './host/engine/engine.ts';
import { engineFinder } from './host/engine/engineFinder.ts';
import { createLogger } from './host/log.ts';
import { endPushes } from './host/push/endPushes.ts';
import { EngineRelay } from './host/push/engineRelay.ts';
import { offerToPushAgain } from './host/push/offerToPushAgain.ts';
import { PushStatusBar } from './host/push/pushStatusBar.ts';
import { recoverPushes } from './host/push/recoverPushes.ts';
import { RegistryCleanup } from './host/registry/registryCleanup.ts';
import { followChanges, showWhetherPushed } from './host/views/followChanges.ts';
import { PushesView } from './host/views/pushes/pushesView.ts';
import { FirstPushes } from './host/views/registries/firstPushes.ts';
import { RegistriesTreeView } from './host/views/registries/registriesTreeView.ts';

let end = (): Promise<void> => Promise.resolve();

/** Builds all objects and registers them, in the order of the arrows in docs/architecture.md. Does nothing slow. */
export function activate(context: vscode.ExtensionContext): TeaChestApi {
  const startedAt = performance.now();
  const channel = vscode.window.createOutputChannel('Tea Chest', { log: true });
  const logger = createLogger(channel);
  const secrets = new SessionSecrets(context.secrets, warnSecretsNotKept);
  const registries = buildRegistries(context, secrets, logger);
  const { store, access, cache, memory, addedOwners } = registries;
  const { auth } = access;
  const logins = machineLogins({ remotes: gitRemotes, images: () => images.references }, logger);
  const signIn = { auth, store, logins, clusters: machineClusters, logger };

  const relay = new EngineRelay({ secrets, state: context.globalState, logger });
  const link = new EngineLink(relay.sweeping(engineFinder(engineChoice, logger)));
  const registriesView = new RegistriesTreeView({ ...registries, browser: access, sort: registriesSort, logger });

  const firstPushes = new FirstPushes({ registriesView, logger });
  const pushing = buildPushing(context, registries, { link, relay, firstPushes }, logger);
  const { runner, planner, history, codecs, journal, spoolRoots } = pushing;
  const comparison = buildTagComparison(registries, { link, codecs });
  const { images, imagesView, sync, comparisons, ...list } = buildImages(registries, { link, comparison, logger });
  const pushesView = new PushesView({ history, store });
  const statusBar = new PushStatusBar(runner);
  const onPushed = (): void => {
    registriesView.update();
    showWhetherPushed(memory);
    sync.update();
    void firstPushes.show();
  };
  const controller = buildController(registries, { signIn, runner, link, images, comparison, onPushed }, logger);
  const { inspect } = controller;
  const { push, pages } = buildPushPages(context, pushing, controller);
  const inRegistries = { ...signIn, access, addedOwners, registriesView, onTagsChanged: comparingAgain(sync) };
  const inContainerTools = buildContainerTools(context, inRegistries);
  const shownImages = { images, imagesView };
  const { pulls, pull, pullStatusBar } = buildPulling(signIn, registries, { link, relay }, shownImages, logger);
  const automation = buildAutomation({ ...controller, planner, push, link, state: context.workspaceState });
  const shown = withListener(list.shown, () => {
    automation.engineChanged();
  });
  const stop = async (origin?: string): Promise<void> => {
    await Promise.all([runner.stop(origin), pulls.stop(origin)]);
  };
  const cleanup = new RegistryCleanup({
    store,
    stopPushes: stop,
    data: [...registryData(registries), inContainerTools.sharing, history, cache],
  });

  const parts = {
    ...{ ...inRegistries, store, channel, memory, cleanup, link, engines, images: shown, inspect, automation },
    ...{ imagesView, registriesView, pushesView, push, pull, pages, planner, history, runner, sync },
    ...{ inContainerTools, extensionUri: context.extensionUri },
  };
  context.subscriptions.push(images, imagesView, sync, comparisons, registriesView, pushesView, pages);
  context.subscriptions.push(registries.documents, statusBar, pullStatusBar, automation);
  context.subscriptions.push(registerCommands(contributions(context), parts), followChanges(parts));
  context.subscriptions.push(followContexts(link, shown, logger), followClusters(parts));
  end = () => endPushes({ stop }, [access, relay, link, codecs, store, history, channel]);

  // In the background: the activation does not wait for it.
  const notify: Parameters<typeof recoverPushes>[0]['notify'] = (pushes) => void offerToPushAgain(pushes, push);
  void recoverPushes({ journal, store, access, notify, logger }, spoolRoots);
  logger.info(`Ready after ${(performance.now() - startedAt).toFixed(1)} ms.`);
  return buildApi(parts);
}

function contributions({ extension }: vscode.ExtensionContext): CommandContributions {
  return (extension.packageJSON as { readonly contributes: CommandContributions }).contributes;
}

/** Compares images with their tags again after the tags of a registry were moved or deleted. */
function comparingAgain(sync: Images['sync']): (registry: { readonly origin: string }) => void {
  return ({ origin }) => {
    sync.registryChanged(origin);
  };
}

/** Cancels running pushes and pulls, so that no upload session and no temporary file is left. */
export async function deactivate(): Promise<void> {
  await end();
}
