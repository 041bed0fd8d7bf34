import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError, toTeaChestError } from '../../base/errors.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ArchiveImage, ArchiveLayer, ImageDetails } from '../../ports/imageSource.ts';
import type { Spool } from '../../spool/spool.ts';
import type { LayerLedger } from '../layerLedger.ts';
import type { TransferredLayers } from '../publishLayers.ts';
import type { AttemptContext } from '../pushContext.ts';
import { claimLayer } from './claimLayer.ts';
import { LayerUpload, uploadSlots, wanting, type Destination, type LayerUploadContext } from './layerUpload.ts';
import { isSmallLayer, SmallLayers } from './smallLayers.ts';

/** An image that is exported. All images of one export are of one engine and have the same codec. */
export interface ExportedImage {
  readonly context: AttemptContext;
  readonly ledger: LayerLedger;
  /** Called if it ends before the others: it was cancelled, or its registry has failed. */
  readonly settle?: (outcome: ExportOutcome) => void;
}

/** What became of one of the images. */
export type ExportOutcome =
  | { readonly kind: 'transferred'; readonly transferred: TransferredLayers }
  | {
      readonly kind: 'failed';
      readonly error: TeaChestError;
      /** The archive is at fault, and not the image's registry: by itself the image may be exported. */
      readonly isOfArchive: boolean;
    };

/**
 * Streams images out of the engine once, in one archive. Each layer that a registry lacks is proved, compressed into the
 * spool and sent while the next one is read; a layer that several images have is read and compressed once. Afterwards the
 * ledger of each image has every layer as stored, or the image has failed. Never rejects.
 */
export async function transferByExport(
  images: readonly [ExportedImage, ...ExportedImage[]],
  spool: Spool,
): Promise<readonly ExportOutcome[]> {
  const members = images.map((image) => new Member(image));
  const allEnded = new AbortController();
  const onEnd = (): void => {
    if (members.every(({ signal }) => signal.aborted)) allEnded.abort();
  };
  for (const { signal } of members) signal.addEventListener('abort', onEnd, { once: true });
  onEnd();
  const watches = members.map((member) => member.watch());
  const group = new TaskGroup(allEnded.signal);
  const diffIdOf = new Map<string, Digest>();
  const described = new Map<Digest, ArchiveImage>();
  let failure: TeaChestError | undefined;
  try {
    await group.run(() => readAll(members, spool, group, { diffIdOf, described }));
  } catch (error) {
    failure = toTeaChestError(error);
  }
  for (const { signal } of members) signal.removeEventListener('abort', onEnd);
  for (const end of watches) end();
  return members.map((member) => member.outcome(failure, described, diffIdOf));
}

interface Found {
  readonly diffIdOf: Map<string, Digest>;
  readonly described: Map<Digest, ArchiveImage>;
}

async function readAll(
  members: readonly Member[],
  spool: Spool,
  group: TaskGroup,
  { diffIdOf, described }: Found,
): Promise<void> {
  const [first, ...others] = members.map((member) => member.destination(group.signal));
  if (first === undefined) return;
  const { source, request } = first.context;
  const destinations: LayerUploadContext['destinations'] = [first, ...others];
  const uploads = { destinations, spool, group, ...uploadSlots(request.parallelBlobs) };
  const send = async (layer: ArchiveLayer): Promise<void> => {
    const diffId = await sendOrShare(layer, uploads);
    if (diffId !== undefined) diffIdOf.set(layer.path, diffId);
  };
  const small = new SmallLayers(group, send);
  const onReceived = (bytes: number): void => {
    for (const { context: own } of members) own.onEvent({ type: 'received', bytes });
  };
  onReceived(0);
  const images = members.map(({ context: own }) => own.image);
  for await (const item of source.exportImages(images, { signal: group.signal, onReceived })) {
    if (item.kind === 'image') described.set(item.id, item);
    else if (isSettled(item, destinations, small)) diffIdOf.set(item.path, item.expectedDiffId);
    else if (isSmallLayer(item)) await small.begin(item);
    else await send(item);
  }
}

/** True for a layer that no repository needs any more. */
function isSettled(
  layer: ArchiveLayer,
  destinations: readonly Destination[],
  small: SmallLayers,
): layer is ArchiveLayer & { readonly expectedDiffId: Digest } {
  const { expectedDiffId } = layer;
  if (expectedDiffId === undefined) return false;
  return small.has(expectedDiffId) || wanting(destinations, expectedDiffId).length === 0;
}

/**
 * Reads and sends a layer, unless all repositories have it or get it from other pushes of this window. Gives its diffID;
 * undefined for a layer of another image.
 */
async function sendOrShare(layer: ArchiveLayer, uploads: LayerUploadContext): Promise<Digest | undefined> {
  const { destinations, group } = uploads;
  const diffId = layer.expectedDiffId;
  if (diffId === undefined) return (await (await LayerUpload.begin(undefined, uploads)).read(layer))?.diffId;
  const claim = await claimLayer(destinations, diffId, group.signal);
  if (claim === undefined) return diffId;
  try {
    const upload = await LayerUpload.begin(diffId, uploads);
    void upload.sent.then(claim.end, claim.end);
    return (await upload.read(layer))?.diffId;
  } catch (error) {
    claim.end();
    throw error;
  }
}

/** One of the images of an export. */
class Member {
  readonly context: AttemptContext;
  /** Fires when the image is cancelled or has failed. */
  readonly signal: AbortSignal;
  readonly #ledger: LayerLedger;
  readonly #settle: ExportedImage['settle'];
  readonly #failed = new AbortController();
  readonly #sending = new Set<Promise<unknown>>();

  constructor({ context, ledger, settle }: ExportedImage) {
    this.context = context;
    this.#settle = settle;
    this.#ledger = ledger;
    this.signal = AbortSignal.any([context.signal, this.#failed.signal]);
  }

  /**
   * Settles the image when it has ended and nothing of it is sent any more. Gives the function that ends the watch: a later
   * transfer of the image is not over when the image is cancelled.
   */
  watch(): () => void {
    const settle = async (): Promise<void> => {
      await Promise.allSettled(this.#sending);
      this.#settle?.(this.outcome(undefined, new Map(), new Map()));
    };
    const onAbort = (): void => void settle();
    if (this.signal.aborted) onAbort();
    this.signal.addEventListener('abort', onAbort, { once: true });
    return () => {
      this.signal.removeEventListener('abort', onAbort);
    };
  }

  destination(group: AbortSignal): Destination {
    return {
      ...{ context: this.context, ledger: this.#ledger, signal: AbortSignal.any([this.signal, group]) },
      sending: this.#sending,
      fail: (error) => {
        // What fails once the transfer has ended does not say why.
        if (!group.aborted) this.#failed.abort(error);
      },
    };
  }

  /** `failure`: of the whole transfer. */
  outcome(
    failure: TeaChestError | undefined,
    described: ReadonlyMap<Digest, ArchiveImage>,
    diffIdOf: ReadonlyMap<string, Digest>,
  ): ExportOutcome {
    const { image, signal } = this.context;
    const { reason } = this.#failed.signal as { readonly reason: unknown };
    if (reason instanceof TeaChestError) return { kind: 'failed', error: reason, isOfArchive: false };
    try {
      throwIfCancelled(signal);
      if (failure !== undefined) throw failure;
      const archive = described.get(image.id);
      if (archive === undefined) throw incompleteArchive();
      checkLayers(image, archive, diffIdOf);
      const transferred = { kind: 'layers', strategy: 'export', config: archive.config } as const;
      return { kind: 'transferred', transferred };
    } catch (error) {
      return { kind: 'failed', error: toTeaChestError(error), isOfArchive: !signal.aborted };
    }
  }
}

function incompleteArchive(): TeaChestError {
  const sentence = l10n.t('The engine ended the image’s archive before it said what is in it.');
  return new TeaChestError('archiveTruncated', sentence, { stage: 'export' });
}

/** The archive lists its layers by path: they must be the image's diffIDs, in order, and all of them. */
function checkLayers(image: ImageDetails, archive: ArchiveImage, diffIdOf: ReadonlyMap<string, Digest>): void {
  const listed = archive.layers.map((path) => diffIdOf.get(path));
  const same = listed.length === image.diffIds.length && image.diffIds.every((diffId, at) => listed[at] === diffId);
  if (same) return;
  throw new TeaChestError(
    'archiveInvalid',
    l10n.t`The engine’s archive does not hold the layers it lists: the image has ${image.diffIds.length}, the archive names ${archive.layers.length}, and they are not the same.`,
    { stage: 'verify', facts: { imageLayers: [...image.diffIds], archiveLayers: [...archive.layers] } },
  );
}
