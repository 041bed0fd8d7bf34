import type { Logger } from '../core/base/logger.ts';
import { networkScope } from '../core/registry/http/networkScope.ts';
import { ComparisonDocuments } from '../host/compare/comparisonDocuments.ts';
import { pushSettings, showDangling } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import { ImageList } from '../host/engine/imageList.ts';
import type { Codecs } from '../host/push/codecs.ts';
import { suggestDestination } from '../host/push/resolvePush.ts';
import { SyncReader } from '../host/sync/syncReader.ts';
import { SyncStates, type SyncStatesOptions } from '../host/sync/syncStates.ts';
import { formatTarget } from '../host/targets/target.ts';
import { ImagesView } from '../host/views/images/imagesView.ts';
import type { Registries } from './buildRegistries.ts';

interface Parts {
  readonly link: EngineLink;
  readonly codecs: Codecs;
  readonly logger: Logger;
}

/** The engine's images, how they compare with the registries that they are pushed to, and the view of both. */
export interface Images {
  readonly images: ImageList;
  readonly sync: SyncStates;
  readonly imagesView: ImagesView;
  readonly comparisons: ComparisonDocuments;
  /** For commands, which change what the view shows even where the list stays the same. */
  readonly shown: Pick<ImageList, 'reconnect' | 'engineChanged' | 'open'>;
}

export function buildImages(registries: Registries, parts: Parts): Images {
  const { link, logger } = parts;
  const images: ImageList = new ImageList(link, logger, () => {
    imagesView.update();
  });
  const sync = buildSync(registries, parts, (references) => {
    imagesView.updateRows(references);
  });
  const imagesView = new ImagesView({ images, link, showDangling, sync });
  const comparisons = new ComparisonDocuments(registries.store, registries.access, link);
  // Another engine may have the same images.
  const update = (): void => {
    imagesView.update();
  };
  const shown = {
    reconnect: () => {
      sync.refresh();
      return images.reconnect().then(update);
    },
    engineChanged: () => images.engineChanged().then(update),
    open: () => images.open(),
  };
  return { images, sync, imagesView, comparisons, shown };
}

function buildSync(
  { store, access, cache, memory, linkRates }: Registries,
  parts: Parts,
  onChange: SyncStatesOptions['onChange'],
): SyncStates {
  const reader = new SyncReader({
    ...{ store, cache },
    inspect: async (image, options) => (await parts.link.get()).inspect(image, options),
    openTarget: (...asked) => access.openTarget(...asked),
    codecId: ({ origin, host }) => {
      const { compression, gzipLevel } = pushSettings();
      const scope = networkScope(host);
      const link = { origin, scope, roundTripMs: access.roundTripMs(origin), bytesPerSecond: linkRates.get(origin) };
      return parts.codecs.create(compression, gzipLevel, link).id;
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
    onChange,
    now: Date.now,
  });
}
