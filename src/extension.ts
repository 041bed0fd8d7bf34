import { join } from 'node:path';
import * as vscode from 'vscode';
import { sleep } from './core/base/cancel.ts';
import type { Logger } from './core/base/logger.ts';
import { DigestCache } from './core/digestCache/digestCache.ts';
import { networkScope } from './core/registry/http/networkScope.ts';
import type { TeaChestApi } from './host/api.ts';
import { listImagesCommand } from './host/commands/listImages.ts';
import { PushCommands } from './host/commands/pushImage.ts';
import { registerCommands } from './host/commands/registerCommands.ts';
import { signInCommand } from './host/commands/signIn.ts';
import { signOutCommand } from './host/commands/signOut.ts';
import { engineHost, proxySettings, pushSettings, showDangling, spoolFolder } from './host/config.ts';
import { askSignIn } from './host/connections/askSignIn.ts';
import type { Connection } from './host/connections/connection.ts';
import { chooseForConnection } from './host/connections/clientCertificate.ts';
import { consent } from './host/connections/consent.ts';
import { ConnectionStore } from './host/connections/connectionStore.ts';
import { SessionSecrets } from './host/connections/sessionSecrets.ts';
import { SignInRecords } from './host/connections/signInRecords.ts';
import { tellSessionOnly } from './host/connections/tellSessionOnly.ts';
import { trustCertificate } from './host/connections/trustCertificate.ts';
import { engineFinder } from './host/engine/engineFinder.ts';
import { EngineLink } from './host/engine/engine.ts';
import { ImageList } from './host/engine/imageList.ts';
import { askModal } from './host/display/messages.ts';
import { createLogger } from './host/log.ts';
import { PushStatusBar } from './host/push/pushStatusBar.ts';
import type { Owners } from './host/registry/registryBrowser.ts';
import { Codecs } from './host/push/codecs.ts';
import { EngineRelay } from './host/push/engineRelay.ts';
import type { InterruptedPush } from './host/push/interruptedPush.ts';
import { offerToPushAgain } from './host/push/offerToPushAgain.ts';
import { PushController } from './host/push/pushController.ts';
import { PushJournal } from './host/push/pushJournal.ts';
import { createPushQuestions } from './host/push/pushQuestions.ts';
import { PushRunner } from './host/push/pushRunner.ts';
import { recoverPushes } from './host/push/recoverPushes.ts';
import { sweepSpools } from './host/push/sweepSpools.ts';
import { PerOriginChunks, PerOriginNumbers } from './host/registry/perOriginSettings.ts';
import { RegistryAccess } from './host/registry/registryAccess.ts';
import { RegistryCleanup } from './host/registry/registryCleanup.ts';
import { FileState } from './host/state/fileState.ts';
import { PublicOwners } from './host/targets/publicOwners.ts';
import { TargetMemory } from './host/targets/targetMemory.ts';
import { ImagesView } from './host/views/images/imagesView.ts';
import { RegistriesView } from './host/views/registries/registriesView.ts';

/** VS Code gives all extensions of a window four seconds to end (extHostExtensionService: terminate). */
const timeToEnd = 3_500;

let end = (): Promise<void> => Promise.resolve();

/** Builds everything, in the order of the arrows in docs/architecture.md. No logic, and nothing that costs time. */
export function activate(context: vscode.ExtensionContext): TeaChestApi {
  const startedAt = performance.now();
  const channel = vscode.window.createOutputChannel('Tea Chest', { log: true });
  const base = buildBase(context, createLogger(channel));
  const engine = buildEngine(context, base);
  const registriesView = new RegistriesView(base.store, base.access, base.logger);
  const codecs = new Codecs(join(context.extensionPath, 'dist'));
  const runner = buildRunner(base, engine, codecs);
  const cleanup = buildCleanup(base, runner);
  const push = buildPush(context, base, engine, runner, registriesView);
  const { auth } = base.access;
  const forget = (origin: string): Promise<void> => cleanup.forget(origin);
  const dependencies = { ...base, ...engine, auth, forget, cleanup, registriesView, push, channel };
  end = () => endPushes(runner, [base.access, base.relay, engine.link, codecs, base.store, channel]);
  context.subscriptions.push(registriesView, registerCommands(dependencies), followChanges(dependencies));

  // What a crash left behind goes now, in the background: it is no reason to make anybody wait.
  recover(base, push);
  base.logger.info(`Ready after ${(performance.now() - startedAt).toFixed(1)} ms.`);
  return {
    signIn: (argument) => signInCommand(dependencies, argument),
    signOut: (argument) => signOutCommand(dependencies, argument),
    listImages: () => listImagesCommand(engine.link),
    pushImage: (argument) => push.run(argument),
  };
}

/** The window closes: what is being pushed is cancelled, so that no upload session and no temporary file is left. */
export async function deactivate(): Promise<void> {
  await end();
}

/**
 * What a push needs to come to rest is disposed of here and not by VS Code, which does that with an extension's
 * subscriptions without waiting for `deactivate` (ExtHostExtensionService).
 */
async function endPushes(runner: PushRunner, needed: readonly { dispose(): void }[]): Promise<void> {
  const late = new AbortController();
  await Promise.race([runner.stop(), sleep(timeToEnd, late.signal).catch(() => undefined)]);
  late.abort();
  for (const one of needed) one.dispose();
}

function recover({ journal, access, store, defaultSpool, spoolRoot, logger }: Base, push: PushCommands): void {
  const dependencies = {
    journal,
    sweep: (folders: readonly string[]) => sweepSpools(folders, logger),
    find: (origin: string) => store.find(origin),
    closeSessions: (connection: Connection, repository: string, sessions: readonly string[]) =>
      access.closeSessions(connection, repository, sessions),
    tell: (pushes: readonly InterruptedPush[]) => void offerToPushAgain(pushes, (argument) => push.run(argument)),
    now: Date.now,
    logger,
  };
  recoverPushes(dependencies, [defaultSpool, spoolRoot()]).catch((error: unknown) => {
    logger.warn(`What a crash left behind could not all be removed: ${String(error)}`);
  });
}

/** What is kept, and the way to registries. */
interface Base {
  readonly logger: Logger;
  readonly store: ConnectionStore;
  readonly access: RegistryAccess;
  readonly memory: TargetMemory;
  readonly publicOwners: PublicOwners;
  readonly chunkMemory: PerOriginChunks;
  readonly linkRates: PerOriginNumbers;
  readonly cache: DigestCache;
  readonly relay: EngineRelay;
  readonly journal: PushJournal;
  readonly defaultSpool: string;
  readonly spoolRoot: () => string;
}

function buildBase(
  { globalState, secrets: kept, globalStorageUri, extension }: vscode.ExtensionContext,
  logger: Logger,
): Base {
  const storage = globalStorageUri.fsPath;
  const { version } = extension.packageJSON as { readonly version: string };
  const rows = (name: string): FileState => new FileState(join(storage, 'state', name));
  const records = new SignInRecords(rows('signIns'));
  const secrets = new SessionSecrets(kept, tellSessionOnly);
  const store = new ConnectionStore(globalState, secrets, new vscode.EventEmitter(), records);
  const cache = new DigestCache(join(storage, 'digests.json'), logger, Date.now);
  const isSaved = (origin: string): boolean => store.find(origin) !== undefined;
  const chunkMemory = new PerOriginChunks(rows('chunkSizes'), 'teaChest.chunkSizes', isSaved);
  const linkRates = new PerOriginNumbers(rows('linkRates'), 'teaChest.linkRates', isSaved);
  const memory = new TargetMemory(rows('targets'));
  const access = new RegistryAccess({
    credential: (origin) => store.credential(origin),
    generation: (origin) => store.generation(origin),
    chunkMemory,
    onLinkRate: (origin, bytesPerSecond) => {
      linkRates.set(origin, Math.round(bytesPerSecond));
    },
    proxy: proxySettings,
    logger,
    userAgent: `tea-chest/${version}`,
  });
  const publicOwners = new PublicOwners(rows('publicOwners'), (...which) => access.isPublicOwner(...which), askModal);
  const defaultSpool = join(storage, 'spool');
  const relay = new EngineRelay({ secrets, state: globalState, logger });
  const journal = new PushJournal(join(storage, 'pushes'), logger);
  return {
    logger,
    store,
    access,
    memory,
    publicOwners,
    chunkMemory,
    linkRates,
    cache,
    relay,
    journal,
    defaultSpool,
    spoolRoot: () => spoolFolder() ?? defaultSpool,
  };
}

/** The engine, its images, and their view. */
interface EngineSide {
  readonly link: EngineLink;
  readonly images: ImageList;
  readonly imagesView: ImagesView;
}

function buildEngine({ subscriptions }: vscode.ExtensionContext, { logger, relay }: Base): EngineSide {
  const link = new EngineLink(relay.sweeping(engineFinder(engineHost, logger)));
  const images: ImageList = new ImageList(link, logger, () => {
    imagesView.update();
  });
  const imagesView = new ImagesView(images, link, showDangling);
  subscriptions.push(images, imagesView);
  return { link, images, imagesView };
}

function buildRunner(
  { access, cache, memory, linkRates, relay, journal, spoolRoot, logger }: Base,
  { link }: EngineSide,
  codecs: Codecs,
): PushRunner {
  return new PushRunner({
    link,
    openTarget: (...asked) => access.openTarget(...asked),
    createCodec: (compression, gzipLevel, { origin, host }) =>
      codecs.create(compression, gzipLevel, { scope: networkScope(host), bytesPerSecond: linkRates.get(origin) }),
    relay,
    journal,
    cache,
    memory,
    settings: pushSettings,
    spoolRoot,
    logger,
  });
}

function buildCleanup(
  { store, access, memory, publicOwners, chunkMemory, linkRates, cache }: Base,
  runner: PushRunner,
): RegistryCleanup {
  return new RegistryCleanup({
    origins: () => store.list().map(({ origin }) => origin),
    stopPushes: (origin) => runner.stop(origin),
    remove: (origin) => store.remove(origin),
    others: [
      (origin) => {
        access.forget(origin);
      },
      ...[memory, publicOwners, chunkMemory, linkRates, cache].map(
        (keeper) => (origin: string) => keeper.forgetRegistry(origin),
      ),
    ],
  });
}

function buildPush(
  { subscriptions }: vscode.ExtensionContext,
  { access, store, memory, publicOwners }: Base,
  { images }: EngineSide,
  runner: PushRunner,
  registriesView: RegistriesView,
): PushCommands {
  subscriptions.push(new PushStatusBar(runner));
  const knowledge = {
    findByHost: (host: string) => store.findByHost(host),
    lastTarget: (image: string) => memory.last(image),
  };
  const connections = (): readonly Connection[] => store.list();
  const owners = (connection: Connection): Promise<Owners> => access.owners(connection);
  const { auth } = access;
  return new PushCommands({
    controller: new PushController(runner, owners, () => {
      registriesView.update();
    }),
    knowledge,
    questions: createPushQuestions({ images, connections, knowledge, owners }),
    signIn: async (start) => (await askSignIn(auth, store, start)) !== undefined,
    trustCertificate: (connection) => trustCertificate(auth, store, consent, connection),
    chooseClientCertificate: (connection) => chooseForConnection(auth, store, consent, connection),
    find: (origin) => store.find(origin),
    publicOwners,
    hasCredential: async ({ origin }) => (await store.credential(origin)) !== undefined,
  });
}

interface Changeable {
  readonly logger: Logger;
  readonly store: ConnectionStore;
  readonly access: RegistryAccess;
  readonly cleanup: RegistryCleanup;
  readonly images: ImageList;
  readonly imagesView: ImagesView;
  readonly registriesView: RegistriesView;
}

/** Sign-ins, here or in another window, and settings: who has to look again. */
function followChanges({
  logger,
  store,
  access,
  cleanup,
  images,
  imagesView,
  registriesView,
}: Changeable): vscode.Disposable {
  const showRegistries = (): void => {
    const some = store.list().length > 0;
    void vscode.commands.executeCommand('setContext', 'teaChest.hasRegistries', some);
    access.refresh();
    registriesView.update();
  };
  showRegistries();
  return vscode.Disposable.from(
    store.onDidChange(() => {
      showRegistries();
      cleanup.follow().catch((error: unknown) => {
        logger.warn(`What is known of a registry could not all be forgotten: ${String(error)}`);
      });
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('teaChest.engine.host')) void images.reconnect();
      if (change.affectsConfiguration('teaChest.images.showDangling')) imagesView.update();
    }),
  );
}
