import * as vscode from 'vscode';
import { buildImages } from './composition/buildImages.ts';
import { buildPulling } from './composition/buildPulling.ts';
import { buildPushing } from './composition/buildPushing.ts';
import { buildRegistries } from './composition/buildRegistries.ts';
import { engines, followContexts } from './composition/engineChoice.ts';
import type { TeaChestApi } from './host/api.ts';
import { listImagesCommand } from './host/commands/listImages.ts';
import { pullImageCommand } from './host/commands/pullImage.ts';
import { pushImageCommand } from './host/commands/pushImage.ts';
import { pushImagesCommand } from './host/commands/pushImages.ts';
import { pushOutOfDateCommand } from './host/commands/pushOutOfDate.ts';
import { registerCommands, type CommandDependencies } from './host/commands/registerCommands.ts';
import { selectEngineCommand } from './host/commands/selectEngine.ts';
import { signInCommand } from './host/commands/signIn.ts';
import { signOutCommand } from './host/commands/signOut.ts';
import { engineChoice, registriesSort } from './host/config.ts';
import { SessionSecrets } from './host/connections/sessionSecrets.ts';
import { gitRemotes } from './host/connections/gitRemotes.ts';
import { machineLogins } from './host/connections/loginSources.ts';
import { warnSecretsNotKept } from './host/connections/warnSecretsNotKept.ts';
import { EngineLink } from './host/engine/engine.ts';
import { engineFinder } from './host/engine/engineFinder.ts';
import { folderRepositories } from './host/registry/folderRepositories.ts';
import { createLogger } from './host/log.ts';
import { endPushes } from './host/push/endPushes.ts';
import { EngineRelay } from './host/push/engineRelay.ts';
import { offerToPushAgain } from './host/push/offerToPushAgain.ts';
import { PushController } from './host/push/pushController.ts';
import { PushStatusBar } from './host/push/pushStatusBar.ts';
import { recoverPushes } from './host/push/recoverPushes.ts';
import { RegistryCleanup } from './host/registry/registryCleanup.ts';
import { followChanges, showWhetherPushed } from './host/views/followChanges.ts';
import { RegistriesView } from './host/views/registries/registriesView.ts';

let end = (): Promise<void> => Promise.resolve();

/** Builds all objects and registers them, in the order of the arrows in docs/architecture.md. Does nothing slow. */
export function activate(context: vscode.ExtensionContext): TeaChestApi {
  const startedAt = performance.now();
  const channel = vscode.window.createOutputChannel('Tea Chest', { log: true });
  const logger = createLogger(channel);
  const secrets = new SessionSecrets(context.secrets, warnSecretsNotKept);
  const registries = buildRegistries(context, secrets, logger);
  const { store, access, cache, memory, publicOwners, addedOwners, linkOffers, chunkSizes, linkRates, autoChoices } =
    registries;
  const { auth } = access;
  const logins = machineLogins({ remotes: gitRemotes, images: () => images.references }, logger);
  const signIn = { auth, store, logins, logger };

  const relay = new EngineRelay({ secrets, state: context.globalState, logger });
  const link = new EngineLink(relay.sweeping(engineFinder(engineChoice, logger)));
  const registriesView = new RegistriesView({ ...registries, browser: access, sort: registriesSort, logger });

  const { runner, codecs, journal, spoolRoots } = buildPushing(context, registries, { link, relay }, logger);
  const { images, imagesView, sync, comparisons, shown } = buildImages(registries, { link, codecs, logger });
  const statusBar = new PushStatusBar(runner);
  const push = new PushController({
    ...{ ...signIn, runner, images, store, memory, access, publicOwners, linkOffers, folderRepositories },
    inspect: async (image) => (await link.get()).inspect(image, { signal: new AbortController().signal }),
    onPushed: () => {
      registriesView.update();
      showWhetherPushed(memory);
      sync.update();
    },
  });
  const views = { images, imagesView };
  const { pulls, pull, pullStatusBar } = buildPulling(signIn, registries, { link, relay }, views, logger);
  const stop = async (origin?: string): Promise<void> => {
    await Promise.all([runner.stop(origin), pulls.stop(origin)]);
  };
  const cleanup = new RegistryCleanup({
    store,
    stopPushes: stop,
    data: [access, memory, publicOwners, addedOwners, linkOffers, chunkSizes, linkRates, autoChoices, cache],
  });

  const parts = {
    ...{ ...signIn, store, channel, access, memory, cleanup, link, engines, images: shown },
    ...{ imagesView, registriesView, push, pull, addedOwners, sync, extensionUri: context.extensionUri },
  };
  context.subscriptions.push(images, imagesView, sync, comparisons, registriesView, registries.documents);
  context.subscriptions.push(statusBar, pullStatusBar);
  context.subscriptions.push(registerCommands(parts), followChanges(parts), followContexts(link, shown, logger));
  end = () => endPushes({ stop }, [access, relay, link, codecs, store, channel]);

  // In the background: the activation does not wait for it.
  const notify: Parameters<typeof recoverPushes>[0]['notify'] = (pushes) => void offerToPushAgain(pushes, push);
  void recoverPushes({ journal, store, access, notify, logger }, spoolRoots);
  logger.info(`Ready after ${(performance.now() - startedAt).toFixed(1)} ms.`);
  return apiOf(parts);
}

function apiOf(parts: CommandDependencies): TeaChestApi {
  const { link, push, pull } = parts;
  return {
    signIn: (argument) => signInCommand(parts, argument),
    signOut: (argument) => signOutCommand(parts, argument),
    listImages: () => listImagesCommand(link),
    selectEngine: (argument) => selectEngineCommand(parts, argument),
    pushImage: (argument) => pushImageCommand(push, argument),
    pushImages: (argument) => pushImagesCommand(push, argument),
    pushOutOfDate: (argument) => pushOutOfDateCommand(parts, argument),
    pullImage: (argument) => pullImageCommand(pull, argument),
  };
}

/** Cancels running pushes and pulls, so that no upload session and no temporary file is left. */
export async function deactivate(): Promise<void> {
  await end();
}
