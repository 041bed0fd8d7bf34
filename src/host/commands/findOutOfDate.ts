import type { EngineImage } from '../../core/docker/types.ts';
import type { SyncState } from '../../core/sync/compareSyncState.ts';
import type { ImageList } from '../engine/imageList.ts';
import type { NamedImage, SyncEntry, SyncStates } from '../sync/syncStates.ts';
import { formatTarget } from '../targets/target.ts';

export interface FindOutOfDateDependencies {
  readonly images: Pick<ImageList, 'open'>;
  readonly sync: Pick<SyncStates, 'readAll' | 'known' | 'destinationOf'>;
}

/** An image with a target, and how it compares with it. */
export interface ComparedImage {
  readonly reference: string;
  /** `host[:port]/owner/name:tag` */
  readonly target: string;
  readonly image: EngineImage;
  readonly entry: SyncEntry;
}

export interface FindCall {
  readonly signal: AbortSignal;
  readonly onRead: (done: number, total: number) => void;
}

/**
 * Compares all images that have a target with their registries. Of several names of one image with the same target, the
 * first counts. Rejects if the engine cannot be asked.
 */
export async function compareAll(
  { images, sync }: FindOutOfDateDependencies,
  { signal, onRead }: FindCall,
): Promise<readonly ComparedImage[]> {
  const state = await images.open();
  if (state.kind === 'problem') throw state.error;
  const all = state.kind === 'ready' ? state.images : [];
  const named = all
    .filter(({ obstacle }) => obstacle === undefined)
    .flatMap((image) => image.references.map((reference): Named => ({ reference, imageId: image.id, image })))
    .filter(({ reference }) => sync.destinationOf(reference) !== undefined);
  let done = 0;
  await sync.readAll(named, {
    signal,
    onRead: () => {
      onRead(++done, named.length);
    },
  });
  const compared = named.flatMap((name): ComparedImage[] => {
    const { reference, image } = name;
    const entry = sync.known(name);
    return entry === undefined ? [] : [{ reference, image, entry, target: formatTarget(entry.target) }];
  });
  return [...new Map(compared.toReversed().map((one) => [`${one.image.id} ${one.target}`, one])).values()].toReversed();
}

interface Named extends NamedImage {
  readonly image: EngineImage;
}

/** Undefined: not known. */
export function stateOf({ entry }: ComparedImage): SyncState | undefined {
  return 'failure' in entry.outcome ? undefined : entry.outcome.state;
}
