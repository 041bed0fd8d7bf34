import { Semaphore } from '../base/semaphore.ts';
import { TaskGroup } from '../base/taskGroup.ts';
import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import { findBlob } from './blobLadder.ts';
import type { ImageDetails } from './contracts.ts';
import type { EngineBlob, KnownImage } from './digestCache.ts';
import { seedFromTag } from './seedFromTag.ts';
import type { PushRun } from './pushRun.ts';

/** Questions asked of the registry at one time: they are small, and each waits for a round trip. */
const parallelQuestions = 6;

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
  await group.run(async () => {
    if (engineAsks) return;
    const access = run.target.checkAccess({ signal: group.signal });
    group.start(() => access);
    const { codec } = run.request;
    const isUnknown = (diffId: Digest): boolean =>
      run.cache.layer(diffId, codec.id) === undefined && engineBlob(run, diffId) === undefined;
    const mayLearn = known === undefined && [...run.diffIds].some(isUnknown);
    const seeded = mayLearn ? await seedFromTag(run, group.signal) : undefined;
    for (const diffId of run.diffIds) {
      const layer = run.cache.layer(diffId, codec.id);
      if (layer !== undefined) run.board.update(diffId, { readTotal: layer.tarSize });
      const remembered = layer && { mediaType: codec.mediaType, digest: layer.digest, size: layer.size };
      const ours = known?.layers[image.diffIds.indexOf(diffId)] ?? remembered;
      const descriptor = ours ?? byEngine(run, diffId);
      const learned = descriptor === undefined ? seeded?.get(diffId) : undefined;
      const candidate = descriptor ?? learned;
      if (candidate === undefined) continue;
      group.start(() =>
        questions.run(async () => {
          const isThere = await orDenied(access, lookFor(run, diffId, candidate, group.signal));
          if (isThere && learned !== undefined) run.learnedHere = true;
        }, group.signal),
      );
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
  run.board.update(diffId, { readTotal: blob.tarSize });
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.size };
}

async function lookFor(run: PushRun, diffId: Digest, descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
  const found = await findBlob(descriptor, run.ladder, signal);
  if (found === undefined) {
    run.missing.add(descriptor.digest);
    return false;
  }
  run.take({ diffId, descriptor });
  run.place(diffId, found);
  return true;
}
