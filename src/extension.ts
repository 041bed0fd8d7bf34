import { join } from 'node:path';
import * as vscode from 'vscode';
import { DigestCache } from './core/push/digestCache.ts';
import { sweepSpool } from './core/push/spool/spool.ts';
import type { TeaChestApi } from './host/api.ts';
import { listImagesCommand } from './host/commands/listImages.ts';
import { PushCommands } from './host/commands/pushImage.ts';
import { registerCommands } from './host/commands/registerCommands.ts';
import { signInCommand } from './host/commands/signIn.ts';
import { signOutCommand } from './host/commands/signOut.ts';
import { engineHost, proxySettings, pushSettings, showDangling, spoolFolder } from './host/config.ts';
import { askSignIn } from './host/connections/askSignIn.ts';
import { ConnectionStore } from './host/connections/connectionStore.ts';
import { trustCertificate } from './host/connections/trustCertificate.ts';
import { connectEngine } from './host/engine/connectEngine.ts';
import { EngineLink } from './host/engine/engine.ts';
import { ImageList } from './host/engine/imageList.ts';
import { createLogger } from './host/log.ts';
import { PushStatusBar } from './host/progress/pushStatusBar.ts';
import { Codecs } from './host/push/codecs.ts';
import { PushFront } from './host/push/pushFront.ts';
import { createPushQuestions } from './host/push/pushQuestions.ts';
import { PushRunner } from './host/push/pushRunner.ts';
import { StoredChunkMemory } from './host/registry/chunkMemory.ts';
import { RegistryAccess } from './host/registry/registryAccess.ts';
import { TargetMemory } from './host/targets/targetMemory.ts';
import { ImagesView } from './host/views/images/imagesView.ts';
import { RegistriesView } from './host/views/registries/registriesView.ts';

/** Builds everything, in the order of the arrows in docs/architecture.md. No logic, and nothing that costs time. */
export function activate(context: vscode.ExtensionContext): TeaChestApi {
  const startedAt = performance.now();
  const { globalState, secrets, subscriptions } = context;
  const storage = context.globalStorageUri.fsPath;
  const own = <T extends vscode.Disposable>(part: T): T => {
    subscriptions.push(part);
    return part;
  };

  const channel = own(vscode.window.createOutputChannel('Tea Chest', { log: true }));
  const logger = createLogger(channel);
  const spoolRoot = (): string => spoolFolder() ?? join(storage, 'spool');
  const cache = new DigestCache(join(storage, 'digests.json'), logger, Date.now);
  const chunkMemory = new StoredChunkMemory(globalState);
  const memory = new TargetMemory(globalState);

  const store = own(new ConnectionStore(globalState, secrets));
  const access = own(
    new RegistryAccess({
      credential: (origin) => store.credential(origin),
      chunkMemory,
      proxy: proxySettings,
      logger,
      userAgent: `tea-chest/${String(context.extension.packageJSON.version)}`,
    }),
  );
  const { gate } = access;

  const link = own(new EngineLink(() => connectEngine(engineHost(), logger)));
  const images = own(
    new ImageList(link, logger, () => {
      imagesView.update();
    }),
  );
  const imagesView = own(new ImagesView(images, link, showDangling));
  const registriesView = own(new RegistriesView(store, access, logger));

  const codecs = own(new Codecs());
  const runner = new PushRunner({
    link,
    openTarget: (connection, repository, signal) => access.openTarget(connection, repository, signal),
    createCodec: (compression, gzipLevel) => codecs.create(compression, gzipLevel),
    cache,
    memory,
    settings: pushSettings,
    spoolRoot,
    logger,
  });
  const knowledge = {
    findByHost: (host: string) => store.findByHost(host),
    lastTarget: (image: string) => memory.last(image),
  };
  const push = new PushCommands({
    front: new PushFront(runner, own(new PushStatusBar(runner))),
    knowledge,
    questions: createPushQuestions({
      images,
      knowledge,
      connections: () => store.list(),
      owners: (connection) => access.owners(connection),
    }),
    signIn: async (start) => (await askSignIn(gate, store, start)) !== undefined,
    trustCertificate: (connection) => trustCertificate(gate, store, connection),
    find: (origin) => store.find(origin),
  });
  const forget = async (origin: string): Promise<void> => {
    access.forget(origin);
    await memory.forgetRegistry(origin);
    await chunkMemory.forgetRegistry(origin);
    await cache.forgetRegistry(origin);
    await store.remove(origin);
  };
  const dependencies = { gate, store, forget, access, link, images, imagesView, registriesView, push, channel, logger };
  own(registerCommands(dependencies));
  own(followChanges(dependencies));

  // What a crash left goes later: it is no reason to make anybody wait.
  void sweepSpool(spoolRoot());
  logger.info(`Ready after ${(performance.now() - startedAt).toFixed(1)} ms.`);
  return {
    signIn: (argument) => signInCommand(dependencies, argument),
    signOut: (argument) => signOutCommand(dependencies, argument),
    listImages: () => listImagesCommand(link),
    pushImage: (argument) => push.run(argument),
  };
}

interface Changeable {
  readonly store: ConnectionStore;
  readonly access: RegistryAccess;
  readonly images: ImageList;
  readonly imagesView: ImagesView;
  readonly registriesView: RegistriesView;
}

/** Sign-ins, here or in another window, and settings: who has to look again. */
function followChanges({ store, access, images, imagesView, registriesView }: Changeable): vscode.Disposable {
  const showRegistries = (): void => {
    const some = store.list().length > 0;
    void vscode.commands.executeCommand('setContext', 'teaChest.hasRegistries', some);
    access.refresh();
    registriesView.update();
  };
  showRegistries();
  return vscode.Disposable.from(
    store.onDidChange(showRegistries),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('teaChest.engine.host')) void images.reconnect();
      if (change.affectsConfiguration('teaChest.images.showDangling')) imagesView.update();
    }),
  );
}
