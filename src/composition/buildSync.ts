import { pushSettings } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import type { Codecs } from '../host/push/codecs.ts';
import { suggestDestination } from '../host/push/resolvePush.ts';
import { SyncReader } from '../host/sync/syncReader.ts';
import { SyncStates, type SyncStatesOptions } from '../host/sync/syncStates.ts';
import { formatTarget } from '../host/targets/target.ts';
import { networkScope } from '../core/registry/http/networkScope.ts';
import type { Registries } from './buildRegistries.ts';

export interface SyncParts {
  readonly link: EngineLink;
  readonly codecs: () => Codecs;
  readonly onChange: SyncStatesOptions['onChange'];
}

/** The states of images against the registries that they are pushed to. */
export function buildSync({ store, access, cache, memory, linkRates }: Registries, parts: SyncParts): SyncStates {
  const reader = new SyncReader({
    ...{ store, cache },
    inspect: async (image, options) => (await parts.link.get()).inspect(image, options),
    openTarget: (...asked) => access.openTarget(...asked),
    codecId: ({ origin, host }) => {
      const { compression, gzipLevel } = pushSettings();
      const scope = networkScope(host);
      const link = { origin, scope, roundTripMs: access.roundTripMs(origin), bytesPerSecond: linkRates.get(origin) };
      return parts.codecs().create(compression, gzipLevel, link).id;
    },
  });
  return new SyncStates({
    destinationOf: (reference) => {
      const destination = suggestDestination(reference, { store, memory });
      if (destination === undefined) return undefined;
      const last = memory.last(reference);
      const isLast =
        last?.origin === destination.connection.origin &&
        formatTarget(last.target) === formatTarget(destination.target);
      return { ...destination, lastPush: isLast ? last.push : undefined };
    },
    read: (question, signal) => reader.read(question, signal),
    onChange: parts.onChange,
    now: Date.now,
  });
}
