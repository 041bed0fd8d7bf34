import * as v from 'valibot';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Logger } from '../core/base/logger.ts';
import { DigestCache } from '../core/digestCache/digestCache.ts';
import { linuxConnectionTimes } from '../core/registry/http/linuxConnectionTimes.ts';
import { chunkState, type ChunkState } from '../core/registry/upload/chunkSizer.ts';
import { linkSetting, proxySettings } from '../host/config.ts';
import { ConnectionStore } from '../host/connections/connectionStore.ts';
import type { SessionSecrets } from '../host/connections/sessionSecrets.ts';
import { SignInRecords } from '../host/connections/signInRecords.ts';
import { askModal } from '../host/display/messages.ts';
import { AddedOwners } from '../host/registry/addedOwners.ts';
import { folderRepositories } from '../host/registry/folderRepositories.ts';
import { LinkOffers } from '../host/registry/linkOffers.ts';
import { OriginValues } from '../host/registry/originValues.ts';
import type { CleanupOptions } from '../host/registry/registryCleanup.ts';
import { RegistryDocuments } from '../host/registry/registryDocuments.ts';
import { RegistryAccess } from '../host/registry/registryAccess.ts';
import { FileState } from '../host/state/fileState.ts';
import { PublicOwners } from '../host/targets/publicOwners.ts';
import { PulledImages } from '../host/pull/pulledImages.ts';
import { TargetMemory } from '../host/targets/targetMemory.ts';

/** The saved registries, the access to them, and what is stored about each. */
export interface Registries {
  readonly store: ConnectionStore;
  readonly access: RegistryAccess;
  readonly cache: DigestCache;
  readonly memory: TargetMemory;
  readonly pulledImages: PulledImages;
  readonly publicOwners: PublicOwners;
  readonly addedOwners: AddedOwners;
  readonly linkOffers: LinkOffers;
  readonly documents: RegistryDocuments;
  readonly chunkSizes: OriginValues<ChunkState>;
  readonly linkRates: OriginValues<number>;
  /** What the compression `auto` chose the last time. */
  readonly autoChoices: OriginValues<string>;
}

/** What a sign-out removes of a registry. */
export function registryData(registries: Registries): CleanupOptions['data'] {
  const { access, memory, pulledImages, publicOwners, addedOwners, linkOffers } = registries;
  const { chunkSizes, linkRates, autoChoices } = registries;
  return [access, memory, pulledImages, publicOwners, addedOwners, linkOffers, chunkSizes, linkRates, autoChoices];
}

export function buildRegistries(
  { globalState, globalStorageUri, extension }: vscode.ExtensionContext,
  secrets: SessionSecrets,
  logger: Logger,
): Registries {
  const { version } = extension.packageJSON as { readonly version: string };
  const rows = (name: string): FileState => new FileState(join(globalStorageUri.fsPath, 'state', name));
  const store = new ConnectionStore(
    globalState,
    secrets,
    new vscode.EventEmitter(),
    new SignInRecords(rows('signIns')),
  );
  const isSaved = (origin: string): boolean => store.find(origin) !== undefined;
  const chunkSizes = new OriginValues(rows('chunkSizes'), 'teaChest.chunkSizes', chunkState, isSaved);
  const linkRates = new OriginValues(rows('linkRates'), 'teaChest.linkRates', v.number(), isSaved);
  const autoChoices = new OriginValues(rows('autoChoices'), 'teaChest.autoChoices', v.string(), isSaved);
  const access = new RegistryAccess({
    credential: (origin) => store.credential(origin),
    generation: (origin) => store.generation(origin),
    chunkMemory: chunkSizes,
    onLinkRate: (origin, bytesPerSecond) => {
      linkRates.set(origin, Math.round(bytesPerSecond));
    },
    readConnectionTimes: process.platform === 'linux' ? linuxConnectionTimes() : undefined,
    proxy: proxySettings,
    logger,
    userAgent: `tea-chest/${version}`,
  });
  return {
    store,
    access,
    cache: new DigestCache(join(globalStorageUri.fsPath, 'digests.json'), logger, Date.now),
    memory: new TargetMemory(rows('targets')),
    pulledImages: new PulledImages(rows('pulledImages'), logger),
    publicOwners: new PublicOwners(rows('publicOwners'), (...asked) => access.audienceOf(...asked), askModal),
    documents: new RegistryDocuments(store, access),
    addedOwners: new AddedOwners(rows('addedOwners'), isSaved),
    linkOffers: new LinkOffers({
      ...{ access, folderRepositories, setting: linkSetting, logger },
      ...{ state: rows('declinedLinks'), isSaved },
    }),
    chunkSizes,
    linkRates,
    autoChoices,
  };
}
