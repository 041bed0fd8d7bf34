import * as l10n from '@vscode/l10n';
import { LRUCache } from 'lru-cache';
import { TeaChestError } from '../../core/base/errors.ts';
import type { DigestCache } from '../../core/digestCache/digestCache.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';
import type { LastPush } from '../../core/sync/compareSyncState.ts';
import type { RegistryImage } from '../../core/sync/readRegistryImage.ts';
import { readSyncState, type SyncReport } from '../../core/sync/readSyncState.ts';
import type { Connection } from '../connections/connection.ts';
import type { ConnectionStore } from '../connections/connectionStore.ts';
import type { Destination } from '../targets/target.ts';

export interface SyncReaderDependencies {
  readonly inspect: (image: string, options: { readonly signal: AbortSignal }) => Promise<ImageDetails>;
  readonly store: Pick<ConnectionStore, 'credential'>;
  readonly openTarget: (connection: Connection, repository: string, signal: AbortSignal) => Promise<BlobTarget>;
  readonly cache: DigestCache;
  /** Of the codec that a push to this registry would use. */
  readonly codecId: (connection: Connection) => string;
}

/** What is asked for. */
export interface SyncQuestion extends Destination {
  /** As the engine has it. */
  readonly image: string;
  readonly lastPush: LastPush | undefined;
}

const requestTimeout = 20_000;

/** Reads how an image of the engine compares with its tag in a registry. */
export class SyncReader {
  readonly #dependencies: SyncReaderDependencies;
  readonly #known = new LRUCache<string, RegistryImage>({ max: 5_000 });

  constructor(dependencies: SyncReaderDependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with `notSignedIn` if the credential is not on this machine: nobody is asked for it here. */
  async read({ image, connection, target, lastPush }: SyncQuestion, outer: AbortSignal): Promise<SyncReport> {
    const { inspect, store, openTarget, cache, codecId } = this.#dependencies;
    const { origin, username, host } = connection;
    const signal = AbortSignal.any([outer, AbortSignal.timeout(requestTimeout)]);
    try {
      if (username !== '' && (await store.credential(origin)) === undefined) {
        throw new TeaChestError('notSignedIn', l10n.t`This machine has no password or token for ${host}.`, {
          facts: { host },
        });
      }
      const [details, opened] = await Promise.all([
        inspect(image, { signal }),
        openTarget(connection, target.repository, signal),
      ]);
      const repository = `${target.host}/${target.repository}`;
      const subject = { image: details, target: opened, repository, tag: target.tag, lastPush };
      return await readSyncState(
        { ...subject, codecId: codecId(connection) },
        { cache, known: this.#known, now: Date.now },
        { signal },
      );
    } catch (error) {
      if (outer.aborted || !signal.aborted) throw error;
      const message = l10n.t`${host} did not answer within ${requestTimeout / 1000} seconds.`;
      throw new TeaChestError('registryUnreachable', message, { cause: error, facts: { host } });
    }
  }
}
