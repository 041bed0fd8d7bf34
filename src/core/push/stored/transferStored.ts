import { TaskGroup } from '../../base/taskGroup.ts';
import type { EngineManifest } from '../../ports/imageSource.ts';
import type { Spool } from '../../spool/spool.ts';
import type { LayerLedger } from '../layerLedger.ts';
import { proveAccess } from '../proveAccess.ts';
import type { TransferredLayers } from '../publishLayers.ts';
import type { TransferredManifests } from '../publishManifests.ts';
import type { AttemptContext } from '../pushContext.ts';
import { BlobForwarder } from '../relay/blobForwarder.ts';
import { PreopenedSessions } from '../relay/preopenedSessions.ts';
import { collectStored } from '../relay/relayedLayers.ts';
import { unreadableManifest } from './storedErrors.ts';
import { StoredReading } from './storedReading.ts';

/**
 * Publishes an image of an engine that stores blobs from its archive: each blob as it is stored, under the digest that the
 * engine has for it. The archive is read only until all that is needed has come. Layers that are stored uncompressed are
 * compressed if the push wants that, as in a relay.
 */
export async function transferStored(
  context: AttemptContext,
  ledger: LayerLedger,
  spool: Spool,
): Promise<TransferredLayers | TransferredManifests> {
  const { source, signal, onEvent, target, compressesStored } = context;
  const group = new TaskGroup(signal);
  // Where layers are compressed, `planLayers` has checked the access.
  const access = compressesStored
    ? Promise.resolve()
    : proveAccess(context, target.checkAccess({ signal: group.signal }), group.signal);
  const forwarder = new BlobForwarder(context, ledger, {
    ...{ engineId: '', isClassic: false, isArchive: true, spool, group, access },
    ...{ sessions: new PreopenedSessions(target, context.blobs), onManifest: () => undefined },
  });
  const reading = new StoredReading(context, forwarder, group);
  const onReceived = (bytes: number): void => {
    onEvent({ type: 'received', bytes });
  };
  await group.run(async () => {
    await access;
    await reading.recall();
    if (!reading.isComplete()) {
      onReceived(0);
      const options = { signal: group.signal, onReceived, platform: platformToExport(context) };
      for await (const blob of source.exportBlobs(context.image, options)) {
        await reading.take(blob);
        if (reading.isComplete()) break;
      }
    }
    await reading.finish();
  });
  ledger.statuses.supersedeBlobs();
  for (const manifest of reading.graph.manifests) await forwarder.putManifest(manifest);
  const top = forwarder.manifests.at(-1);
  if (top === undefined) throw unreadableManifest(context.image);
  const collected = await collectStored({ context, ledger, forwarder, top, engineId: '' });
  const exported = { strategy: 'export', notices: [], cleanup: Promise.resolve() } as const;
  if (collected.kind === 'layers') return { ...collected, ...exported };
  return { ...collected, ...exported, selection: reading.selection };
}

/** Two manifests of the same platform can be told apart only in the whole archive. */
function platformToExport({ selection, image }: AttemptContext): EngineManifest['platform'] {
  if (selection.kind !== 'manifest') return undefined;
  const { os, architecture, variant } = selection.manifest.platform ?? {};
  const same = image.manifests?.filter(
    ({ platform, attests }) =>
      attests === undefined &&
      platform?.os === os &&
      platform?.architecture === architecture &&
      platform?.variant === variant,
  );
  return same?.length === 1 ? selection.manifest.platform : undefined;
}
