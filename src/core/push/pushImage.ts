import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import { RelayUnavailable } from '../relay/pushFromEngine.ts';
import { Spool } from '../spool/spool.ts';
import type { ImageDetails, ImageSource } from '../ports/imageSource.ts';
import { chooseManifests, type Selection } from './chooseManifests.ts';
import { chooseTransfer, compressesStored, findRelay, relayRefused, type RelayOption } from './chooseTransfer.ts';
import { confirmUnchanged } from './confirmUnchanged.ts';
import type { PushResult } from './pushEvents.ts';
import { findConfig } from './findConfig.ts';
import { selectedImage } from './imageIndex.ts';
import type { LayerLedger } from './layerLedger.ts';
import { movedNotice } from './movedNotice.ts';
import { planLayers } from './planLayers.ts';
import { publishLayers, type TransferredLayers } from './publishLayers.ts';
import { publishManifests, type TransferredManifests } from './publishManifests.ts';
import type { PushOutcome } from './publishTag.ts';
import type {
  AttemptContext,
  PushContext,
  PushDependencies,
  PushOptions,
  PushRequest,
  RunStage,
} from './pushContext.ts';
import { dropImage } from './rememberedImage.ts';
import { transferByRelay } from './relay/transferByRelay.ts';
import { isListOfImages, pushList } from './pushList.ts';
import { RepositoryBlobs } from './repositoryBlobs.ts';
import { selectionNotice } from './selectionNotice.ts';
import { SharedTransfers, type TransferMember } from './sharedTransfers.ts';
import { transferStored } from './stored/transferStored.ts';

export interface PushImageOptions extends PushOptions {
  /** The image, where it was inspected before. */
  readonly inspected?: ImageDetails | undefined;
  /** Absent: the image shares its transfer with no other. */
  readonly transfers?: TransferMember | undefined;
}

/**
 * Brings one image of the engine into one repository of a registry. Rejects with a TeaChestError that has its stage; then
 * no upload session and no temporary file is left, and the tag is what it was before.
 */
export async function pushImage(
  request: PushRequest,
  dependencies: PushDependencies,
  { signal, onEvent, onManifest, inspected, transfers = new SharedTransfers(1).member() }: PushImageOptions,
): Promise<PushResult> {
  const { source, cache, now } = dependencies;
  const startedAt = now();
  const runStage = stageRunner({ signal, onEvent });
  onEvent({ type: 'target', reference: `${request.repository}:${request.tag}` });
  await cache.load();
  try {
    const { image, selection, notices } = await runStage('inspect', async () => {
      const found = inspected ?? (await source.inspect(request.image, { signal }));
      const chosen = chooseManifests(found, request.platform);
      return await selectImage(source, found, chosen, signal);
    });
    cache.rememberPush(image.id, request.origin);
    const own = { request, image, selection, runStage, compressesStored: compressesStored(request, image) };
    const push = { ...dependencies, ...own, publishedUnder: 'tag' as const, signal, onEvent, onManifest };
    const pushOne = (one: PushContext): Promise<PushOutcome> => attemptWithRetries(one, transfers);
    const outcome = await (isListOfImages(image) ? pushList(push, pushOne) : pushOne(push));
    const moved = movedNotice(request, dependencies.target) ?? [];
    const allNotices = [...outcome.notices, ...notices, moved].flat();
    const result = { ...outcome, notices: allNotices, durationMs: Math.round(now() - startedAt) };
    onEvent({ type: 'done', result });
    return result;
  } finally {
    // The digests of layers that were read stay valid after a failure, and shorten the next push.
    await cache.save();
  }
}

/** What is pushed. Of a list whose images the engine holds one by one, a single one is an image like any other. */
export async function selectImage(
  source: ImageSource,
  image: ImageDetails,
  selection: Selection,
  signal: AbortSignal,
): Promise<Pick<PushContext, 'image' | 'selection'> & Pick<PushResult, 'notices'>> {
  const imageId = selection.kind === 'manifest' ? selection.manifest.imageId : undefined;
  if (imageId === undefined) return { image: selectedImage(image, selection), selection, notices: [] };
  const notice = selectionNotice(selection);
  const notices = notice === undefined ? [] : [notice];
  return { image: await source.inspect(imageId, { signal }), selection: { kind: 'whole' }, notices };
}

/** Repeats the attempt after a failure that a new one can cure, once for each `RetryReason`. */
async function attemptWithRetries(push: PushContext, transfers: TransferMember): Promise<PushOutcome> {
  const { target, cache, uploads, request, logger } = push;
  const tried = new Set<RetryReason>();
  for (let previous: RepositoryBlobs | undefined; ;) {
    const blobs = new RepositoryBlobs({ target, cache, uploads, origin: request.origin }, previous);
    const context = { ...push, blobs, usesCache: !tried.has('staleCache') };
    try {
      return await attempt(context, transfers, { isFirst: tried.size === 0 });
    } catch (error) {
      const reason = retryReason(error);
      if (reason === undefined || tried.has(reason)) throw error;
      tried.add(reason);
      previous = blobs;
      if (reason === 'staleCache') {
        logger.warn(`The cached digests of the image are dropped, and it is read again: ${String(error)}`);
        dropCachedFacts(context);
      } else {
        logger.warn('The registry no longer has a blob that it said it had; checking all of them again.');
      }
    } finally {
      await blobs.close(push.signal);
    }
  }
}

async function attempt(
  context: AttemptContext,
  transfers: TransferMember,
  { isFirst }: { readonly isFirst: boolean },
): Promise<PushOutcome> {
  const { request, image, runStage, onEvent, spoolRoot, spoolLimit } = context;
  const unchanged = isFirst && request.recheck !== true ? await confirmUnchanged(context) : undefined;
  if (unchanged !== undefined) return unchanged;
  const { relay, ledger } = await runStage('plan', async () => ({
    relay: findRelay(context),
    ledger: await planLayers(context),
  }));
  onEvent({ type: 'planned', layers: ledger.statuses.rows, imageBytes: image.size });
  const isOurs = image.storesBlobs !== true || context.compressesStored;
  const config = isOurs && ledger.areAllStored ? await findConfig(context) : undefined;
  if (config !== undefined) return await publishLayers(context, ledger, { kind: 'layers', strategy: 'none', config });
  const spool = await Spool.create(spoolRoot, spoolLimit);
  let cleanup: Promise<void> | undefined;
  try {
    const transferred = await runStage('export', () => transfer(context, transfers, ledger, relay, spool));
    cleanup = transferred.cleanup;
    if (transferred.kind === 'manifests') return await publishManifests(context, transferred);
    return await publishLayers(context, ledger, transferred);
  } finally {
    await Promise.all([cleanup, spool.dispose()]);
  }
}

/** Relays or exports the missing layers. If the relay is not possible after all, or lacks a layer, the image is exported. */
async function transfer(
  context: AttemptContext,
  transfers: TransferMember,
  ledger: LayerLedger,
  relay: RelayOption,
  spool: Spool,
): Promise<TransferredLayers | TransferredManifests> {
  const { request, logger } = context;
  try {
    const chosen = await chooseTransfer(context, ledger, relay);
    if (chosen.by === 'relay') {
      return await transfers.inTurn(context, ledger, () => transferByRelay(context, ledger, chosen, spool));
    }
  } catch (error) {
    if (!(error instanceof RelayUnavailable)) throw await explainMissingImage(context, error);
    if (request.strategy === 'relay' && !error.isPartial) {
      throw await explainMissingImage(context, relayRefused(error.message, error));
    }
    logger.info(`The image is exported instead of being pushed by the engine: ${error.message}`);
  }
  if (context.image.storesBlobs === true) {
    return await transfers.inTurn(context, ledger, () => transferStored(context, ledger, spool));
  }
  return await transfers.export(context, ledger, spool);
}

export function stageRunner({ signal, onEvent }: PushOptions): RunStage {
  return async (stage, work, { isPublished } = { isPublished: false }) => {
    onEvent({ type: 'stage', stage });
    try {
      if (!isPublished) throwIfCancelled(signal);
      return await work();
    } catch (error) {
      // Whatever broke because the person cancelled is a cancel.
      if (signal.aborted && !isPublished)
        throw new TeaChestError('cancelled', l10n.t('Cancelled.'), { stage, cause: error });
      throw toTeaChestError(error, stage);
    }
  };
}

/** `lostBlobs`: the registry lacks a blob that it said it had. `staleCache`: cached facts led to parts of different images. */
type RetryReason = 'lostBlobs' | 'staleCache';

/** Distribution-spec §Error Codes; Gitea has the second as well (docs/gitea.md). */
const blobUnknown: ReadonlySet<string> = new Set(['BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);

function retryReason(error: unknown): RetryReason | undefined {
  const { code, facts } = toTeaChestError(error);
  if (facts.codes?.some((registryCode) => blobUnknown.has(registryCode)) === true) return 'lostBlobs';
  return code === 'imageMismatch' ? 'staleCache' : undefined;
}

/** Drops the facts about the image and all its layers, since one of them is wrong. */
function dropCachedFacts(context: AttemptContext): void {
  const { cache, image, request } = context;
  dropImage(context);
  for (const diffId of image.diffIds) cache.dropLayer(diffId, request.codec.id);
}

/** If an image is removed during its push, the engine reports missing files. Asks it whether the image still exists. */
async function explainMissingImage({ source, image, signal }: AttemptContext, error: unknown): Promise<unknown> {
  if (signal.aborted || toTeaChestError(error).code !== 'engineFailed') return error;
  const isGone = await source.inspect(image.id, { signal }).then(
    () => false,
    (later: unknown) => toTeaChestError(later).code === 'imageNotFound',
  );
  if (!isGone) return error;
  const name = image.references[0] ?? image.id;
  const sentence = l10n.t`The image “${name}” is gone from the container engine; it was removed meanwhile. Nothing was published.`;
  return new TeaChestError('imageNotFound', sentence, { stage: 'export', cause: error, facts: { image: name } });
}
