import type { Logger } from '../core/base/logger.ts';
import { ComparisonDocuments } from '../host/compare/comparisonDocuments.ts';
import { showDangling } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import { ImageList } from '../host/engine/imageList.ts';
import { suggestDestination } from '../host/push/resolvePush.ts';
import { SyncStates, type SyncStatesOptions } from '../host/sync/syncStates.ts';
import { ImagesView } from '../host/views/images/imagesView.ts';
import type { Registries } from './buildRegistries.ts';
import type { TagComparison } from './buildTagComparison.ts';

interface Parts {
  readonly link: EngineLink;
  readonly comparison: TagComparison;
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

export function buildImages(registries: Registries, { link, comparison, logger }: Parts): Images {
  const images: ImageList = new ImageList(link, logger, () => {
    imagesView.update();
  });
  const sync = buildSync(registries, comparison, (references) => {
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
  { store, memory }: Registries,
  comparison: TagComparison,
  onChange: SyncStatesOptions['onChange'],
): SyncStates {
  return new SyncStates({
    destinationOf: (reference) => {
      const destination = suggestDestination(reference, { store, memory });
      return destination && { ...destination, lastPush: comparison.lastPush(reference, destination) };
    },
    read: (question, signal) => comparison.read(question, signal),
    onChange,
    now: Date.now,
  });
}
