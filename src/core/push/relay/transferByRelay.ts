import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TaskGroup } from '../../base/taskGroup.ts';
import type { EnginePushStep } from '../../ports/enginePusher.ts';
import { hasDigests, primeDigests } from '../../relay/primeDigests.ts';
import { pushFromEngine } from '../../relay/pushFromEngine.ts';
import type { Spool } from '../../spool/spool.ts';
import type { Transfer } from '../chooseTransfer.ts';
import type { LayerLedger } from '../layerLedger.ts';
import { proveAccess } from '../proveAccess.ts';
import type { TransferredLayers } from '../publishLayers.ts';
import type { TransferredManifests } from '../publishManifests.ts';
import type { AttemptContext } from '../pushContext.ts';
import { BlobForwarder } from './blobForwarder.ts';
import { PreopenedSessions } from './preopenedSessions.ts';
import { collectClassicLayers, collectStored, withoutManifest } from './relayedLayers.ts';

/**
 * Has the engine push the image to us, and forwards what the registry lacks. Rejects with `RelayUnavailable` if the
 * engine cannot do that, or did not send a layer that is missing: then the image must be exported.
 */
export async function transferByRelay(
  context: AttemptContext,
  ledger: LayerLedger,
  { parts, store }: Extract<Transfer, { by: 'relay' }>,
  spool: Spool,
): Promise<TransferredLayers | TransferredManifests> {
  const { image, cache, request, logger, signal, compressesStored } = context;
  const isClassic = store === 'classic';
  const present = ledger.storedLayers.map(({ diffId }) => diffId);
  if (isClassic && !hasDigests(present, parts, cache)) await primeDigests(image, parts, cache, { signal, logger });
  const group = new TaskGroup(signal);
  const sessions = new PreopenedSessions(context.target, context.blobs);
  // In the other cases `planLayers` has checked the access.
  const isPlanned = isClassic || compressesStored;
  const access = isPlanned ? Promise.resolve() : proveAccess(context, sessions.proveAccess(group.signal), group.signal);
  group.start(() => access);
  if (isClassic) group.start(() => headConfig(context, group.signal));
  const { selection } = context;
  const platform = selection.kind === 'manifest' && selection.isAsked ? selection.manifest.platform : undefined;
  const notices = new Set<string>();
  const topManifest = Promise.withResolvers<undefined>();
  let tag = '';
  let cleanup = Promise.resolve();
  const forwarder = new BlobForwarder(context, ledger, {
    ...{ engineId: parts.pusher.id, isClassic, spool, group, sessions, access },
    onManifest: ({ reference }) => {
      if (reference === tag) topManifest.resolve(undefined);
    },
  });
  const pushed = group.run(async () => {
    await pushFromEngine(image, parts, forwarder, {
      signal: group.signal,
      logger,
      onStep: (step) => {
        if (isClassic) updateReadBytes(ledger, step);
      },
      onNotice: (notice) => notices.add(l10n.t`The container engine says: ${notice}`),
      onTag: (given) => (tag = given),
      ...(platform === undefined ? {} : { platform }),
      // A classic engine still reports how large its layers were; for containerd's store nothing of interest follows.
      ...(isClassic ? {} : { arrival: topManifest.promise }),
      onCleanup: (promise) => {
        cleanup = promise;
      },
      isRequired: request.strategy === 'relay',
    });
  });
  try {
    await pushed.finally(() => sessions.close(group.signal));
    throwIfCancelled(group.signal);
    ledger.statuses.supersedeBlobs();
    const top = forwarder.manifests.find(({ reference }) => reference === tag);
    if (top === undefined) throw withoutManifest(image);
    const relayed = { context, ledger, forwarder, top, engineId: parts.pusher.id };
    if (isClassic) return { ...(await collectClassicLayers(relayed)), notices, cleanup };
    return { ...(await collectStored(relayed)), notices, cleanup };
  } catch (error) {
    await cleanup;
    throw error;
  }
}

/** Asks the registry for the config while the engine compresses. The ID of a classic image is its config's digest. */
async function headConfig({ image, blobs }: AttemptContext, signal: AbortSignal): Promise<void> {
  try {
    await blobs.head(image.id, undefined, signal);
  } catch {
    // `publishLayers` asks for it again.
  }
}

/** A classic engine reports how much of each layer it has read, by the beginning of its diffID. */
function updateReadBytes(ledger: LayerLedger, { id, status, current, total }: EnginePushStep): void {
  if (id === undefined || status !== 'Pushing' || current === undefined) return;
  const diffId = [...ledger.diffIds].find((one) => one.startsWith(`sha256:${id}`));
  if (diffId === undefined || ledger.isClaimed(diffId)) return;
  // It reads the tar and has its total from the files, so that it may read more than that.
  const readTotal = total === undefined ? undefined : Math.max(total, current);
  ledger.statuses.update(diffId, { state: 'reading', readBytes: current, readTotal, isCompressed: true });
}
