import * as vscode from 'vscode';
import { buildContainerTools } from './composition/buildContainerTools.ts';
import { buildPushing } from './composition/buildPushing.ts';
import { buildRegistries } from './composition/buildRegistries.ts';
import { engines, followContexts } from './composition/engineChoice.ts';
import type { TeaChestApi } from './host/api.ts';
import { listImagesCommand } from './host/commands/listImages.ts';
import { pushImageCommand } from './host/commands/pushImage.ts';
import { pushImagesCommand } from './host/commands/pushImages.ts';
import { registerCommands } from './host/commands/registerCommands.ts';
import { selectEngineCommand } from './host/commands/selectEngine.ts';
import { signInCommand } from './host/commands/signIn.ts';
import { signOutCommand } from './host/commands/signOut.ts';
import { engineChoice, registriesSort, showDangling } from './host/config.ts';
import { SessionSecrets } from './host/connections/sessionSecrets.ts';
import { gitRemotes } from './host/connections/gitRemotes.ts';
import { machineLogins } from './host/connections/loginSources.ts';
import { warnSecretsNotKept } from './host/connections/warnSecretsNotKept.ts';
import { EngineLink } from './host/engine/engine.ts';
import { engineFinder } from './host/engine/engineFinder.ts';
import { ImageList } from './host/engine/imageList.ts';
import { createLogger } from './host/log.ts';
import { endPushes } from './host/push/endPushes.ts';
import { EngineRelay } from './host/push/engineRelay.ts';
import { offerToPushAgain } from './host/push/offerToPushAgain.ts';
import { PushController } from './host/push/pushController.ts';
import { PushStatusBar } from './host/push/pushStatusBar.ts';
import { recoverPushes } from './host/push/recoverPushes.ts';
import { RegistryCleanup } from './host/registry/registryCleanup.ts';
import { followChanges, showWhetherPushed } from './host/views/followChanges.ts';
import { ImagesView } from './host/views/images/imagesView.ts';
import { RegistriesTreeView } from './host/views/registries/registriesTreeView.ts';

let end = (): Promise<void> => Promise.resolve();

/** Builds all objects and registers them, in the order of the arrows in docs/architecture.md. Does nothing slow. */
export function activate(context: vscode.ExtensionContext): TeaChestApi {
  const startedAt = performance.now();
  const channel = vscode.window.createOutputChannel('Tea Chest', { log: true });
  const logger = createLogger(channel);
  const secrets = new SessionSecrets(context.secrets, warnSecretsNotKept);
  const registries = buildRegistries(context, secrets, logger);
  const { store, access, cache, memory, publicOwners, addedOwners, chunkSizes, linkRates, autoChoices } = registries;
  const { auth } = access;
  const stored = [access, memory, publicOwners, addedOwners, chunkSizes, linkRates, autoChoices];
  const logins = machineLogins({ remotes: gitRemotes, images: () => images.references }, logger);
  const signIn = { auth, store, logins, logger };

  const relay = new EngineRelay({ secrets, state: context.globalState, logger });
  const link = new EngineLink(relay.sweeping(engineFinder(engineChoice, logger)));
  const images: ImageList = new ImageList(link, logger, () => {
    imagesView.update();
  });
  const imagesView = new ImagesView(images, link, showDangling);
  const registriesView = new RegistriesTreeView({ ...registries, browser: access, sort: registriesSort, logger });

  const { runner, codecs, journal, spoolRoots } = buildPushing(context, registries, { link, relay }, logger);
  const statusBar = new PushStatusBar(runner);
  const push = new PushController({
    ...{ ...signIn, runner, images, store, memory, access, publicOwners },
    inspect: async (image) => (await link.get()).inspect(image, { signal: new AbortController().signal }),
    onPushed: () => {
      registriesView.update();
      showWhetherPushed(memory);
    },
  });
  const inContainerTools = buildContainerTools(context, { ...signIn, access, addedOwners, registriesView });
  const cleanup = new RegistryCleanup({
    store,
    stopPushes: (origin) => runner.stop(origin),
    data: [...stored, inContainerTools.sharing, cache],
  });

  // Another engine may have the same images.
  const update = (): void => {
    imagesView.update();
  };
  const shown = {
    reconnect: () => images.reconnect().then(update),
    engineChanged: () => images.engineChanged().then(update),
  };
  const parts = {
    ...{ ...signIn, store, channel, access, memory, cleanup, link, engines, images: shown },
    ...{ imagesView, registriesView, push, addedOwners, inContainerTools, extensionUri: context.extensionUri },
  };
  context.subscriptions.push(images, imagesView, registriesView, registries.documents, statusBar);
  context.subscriptions.push(registerCommands(parts), followChanges(parts), followContexts(link, shown, logger));
  end = () => endPushes(runner, [access, relay, link, codecs, store, channel]);

  // In the background: the activation does not wait for it.
  const notify: Parameters<typeof recoverPushes>[0]['notify'] = (pushes) => void offerToPushAgain(pushes, push);
  void recoverPushes({ journal, store, access, notify, logger }, spoolRoots);
  logger.info(`Ready after ${(performance.now() - startedAt).toFixed(1)} ms.`);
  return {
    signIn: (argument) => signInCommand(parts, argument),
    signOut: (argument) => signOutCommand(parts, argument),
    listImages: () => listImagesCommand(link),
    selectEngine: (argument) => selectEngineCommand(parts, argument),
    pushImage: (argument) => pushImageCommand(push, argument),
    pushImages: (argument) => pushImagesCommand(push, argument),
  };
}

/** Cancels running pushes, so that no upload session and no temporary file is left. */
export async function deactivate(): Promise<void> {
  await end();
}
