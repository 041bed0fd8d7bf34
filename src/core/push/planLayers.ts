import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import type { Digest } from '../oci/digest.ts';
import { shortDigest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { findBlob } from './findBlob.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { EngineBlob, KnownImage } from '../digestCache/digestTables.ts';
import { bytesWorthReading, proveLearned } from './proveLearned.ts';
import { seedFromTag } from './seedFromTag.ts';
import type { PushRun } from './pushRun.ts';

/** Questions asked of the registry at one time: they are small, and each waits for a round trip. */
const parallelQuestions = 6;
/** Blobs that are read back at one time. */
const parallelReads = 2;

/**
 * Before any byte leaves the engine: may we write there at all, and which layers does the registry have? Only layers
 * whose blob is known from a former push can be asked for; the others must be read first. All of it is asked at once,
 * but where we may not write, that is what is told. `engineAsks`: the engine will push to us, and ask for each blob by
 * itself; whether we may write there is then asked meanwhile.
 */
export async function planLayers(
  run: PushRun,
  image: ImageDetails,
  known: KnownImage | undefined,
  { signal, engineAsks }: { readonly signal: AbortSignal; readonly engineAsks: boolean },
): Promise<void> {
  const group = new TaskGroup(signal);
  const questions = new Semaphore(parallelQuestions);
  const reads = new Semaphore(parallelReads);
  await group.run(async () => {
    if (engineAsks) return;
    const access = run.target.checkAccess({ signal: group.signal });
    group.start(() => access);
    if (run.fromBytesOnly) return;
    const { codec } = run.request;
    const isUnknown = (diffId: Digest): boolean =>
      run.cache.layer(diffId, codec.id) === undefined && engineBlob(run, diffId) === undefined;
    const mayLearn = known === undefined && [...run.diffIds].some(isUnknown);
    const seeded = mayLearn ? await seedFromTag(run, group.signal) : undefined;
    let worthReading = bytesWorthReading(run.target, image);
    for (const diffId of run.diffIds) {
      const layer = run.cache.layer(diffId, codec.id);
      if (layer !== undefined) run.statusTable.update(diffId, { readTotal: layer.tarSize });
      const remembered = layer && { mediaType: codec.mediaType, digest: layer.digest, size: layer.size };
      const ours = known?.layers[image.diffIds.indexOf(diffId)] ?? remembered;
      const descriptor = ours ?? byEngine(run, diffId);
      const learned = seeded?.get(diffId);
      if (descriptor !== undefined) {
        group.start(() =>
          questions.run(() => orDenied(access, lookFor(run, diffId, descriptor, group.signal)), group.signal),
        );
      } else if (learned !== undefined && learned.size <= worthReading) {
        worthReading -= learned.size;
        group.start(() => reads.run(() => orDenied(access, learn(run, diffId, learned, group.signal)), group.signal));
      }
    }
  });
}

/** An answer; where there is none, first of all what keeps us from writing there, if something does. */
async function orDenied<T>(access: Promise<void>, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    await access;
    throw error;
  }
}

function engineBlob(run: PushRun, diffId: Digest): EngineBlob | undefined {
  return run.takesGzip ? run.cache.engineBlob(diffId) : undefined;
}

/** The blob that an earlier relay carried: as good as one of our own. */
function byEngine(run: PushRun, diffId: Digest): Descriptor | undefined {
  const blob = engineBlob(run, diffId);
  if (blob === undefined) return undefined;
  run.statusTable.update(diffId, { readTotal: blob.tarSize });
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}

async function lookFor(run: PushRun, diffId: Digest, descriptor: Descriptor, signal: AbortSignal): Promise<void> {
  const found = await findBlob(descriptor, run.findOptions, signal);
  if (found === undefined) {
    run.missing.add(descriptor.digest);
    return;
  }
  run.claim({ diffId, descriptor, proof: 'provedBefore' });
  run.markStored(diffId, found);
}

/** Takes what a tag says of a layer only if its blob is that layer; then every later push knows it, wherever it goes. */
async function learn(run: PushRun, diffId: Digest, learned: Descriptor, signal: AbortSignal): Promise<void> {
  const { codec, repository } = run.request;
  if ((await run.target.headBlob(learned.digest, { signal })) !== learned.size) return;
  const onRefuted = (why: string): void => {
    run.logger.warn(`A tag of ${repository} is not relied on for layer ${shortDigest(diffId)}: ${why}`);
  };
  const onUnreadable = (error: unknown): void => {
    run.logger.debug(`The layer ${shortDigest(diffId)} cannot be read back, and is exported: ${String(error)}`);
  };
  const proved = await proveLearned(run.target, diffId, learned, { signal, onRefuted, onUnreadable });
  if (proved?.mediaType !== codec.mediaType) return;
  const { mediaType, digest, size, tarSize } = proved;
  run.cache.rememberLayer(diffId, codec.id, { digest, size, tarSize });
  run.statusTable.update(diffId, { readTotal: tarSize });
  run.claim({ diffId, descriptor: { mediaType, digest, size }, proof: 'readBack' });
  run.markStored(diffId, 'exists');
}
