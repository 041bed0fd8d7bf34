import { networkScope } from '../core/registry/http/networkScope.ts';
import { pushSettings } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import type { Codecs } from '../host/push/codecs.ts';
import { SyncReader } from '../host/sync/syncReader.ts';
import { formatTarget, type Destination } from '../host/targets/target.ts';
import type { LastTarget } from '../host/targets/targetMemory.ts';
import type { Registries } from './buildRegistries.ts';

/** How images of the engine compare with tags of registries: for the states that views show, and for the check before a push. */
export interface TagComparison {
  readonly read: SyncReader['read'];
  /** What was pushed there last, if the image was pushed there last. */
  readonly lastPush: (image: string, destination: Destination) => LastTarget['push'];
}

export function buildTagComparison(
  { store, access, cache, memory, linkRates }: Registries,
  { link, codecs }: { readonly link: EngineLink; readonly codecs: Codecs },
): TagComparison {
  const reader = new SyncReader({
    ...{ store, cache },
    inspect: async (image, options) => (await link.get()).inspect(image, options),
    openTarget: (...asked) => access.openTarget(...asked),
    codecId: ({ origin, host }) => {
      const { compression, gzipLevel } = pushSettings();
      const scope = networkScope(host);
      const rates = { origin, scope, roundTripMs: access.roundTripMs(origin), bytesPerSecond: linkRates.get(origin) };
      return codecs.create(compression, gzipLevel, rates).id;
    },
  });
  return {
    read: (question, signal) => reader.read(question, signal),
    lastPush: (image, { connection, target }) => {
      const last = memory.last(image);
      const isLast = last?.origin === connection.origin && formatTarget(last.target) === formatTarget(target);
      return isLast ? last.push : undefined;
    },
  };
}
