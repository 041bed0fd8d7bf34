import { TeaChestError } from '../../core/base/errors.ts';
import type { BlobTarget } from '../../core/ports/blobTarget.ts';
import type { LayerCodec } from '../../core/ports/layerCodec.ts';
import type { OpenedPush } from '../../core/push/pushImages.ts';
import type { PushSettings } from '../config.ts';
import type { Connection } from '../connections/connection.ts';
import type { Engine } from '../engine/engine.ts';
import { mayBeShortId } from '../targets/target.ts';
import type { EngineRelay } from './engineRelay.ts';
import type { Compression } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';

export interface OpenPushOptions {
  readonly source: Engine;
  readonly opening: Promise<BlobTarget>;
  readonly createCodec: (compression: Compression, gzipLevel: number, connection: Connection) => LayerCodec;
  readonly settings: () => PushSettings;
  readonly relay: Pick<EngineRelay, 'parts'>;
  readonly signal: AbortSignal;
}

/** A job as the core pushes or plans it: the settings decide what the job leaves open. */
export async function openPush(
  job: PushJob,
  { source, opening, createCodec, settings, relay, signal }: OpenPushOptions,
): Promise<OpenedPush> {
  const { gzipLevel, parallelBlobs, ...defaults } = settings();
  const { compression = defaults.compression, strategy = defaults.strategy } = job;
  const { connection, target } = job;
  const image = await findImage(source, job, signal);
  const opened = await opening;
  const request = {
    image,
    origin: connection.origin,
    repository: `${target.host}/${target.repository}`,
    tag: target.tag,
    codec: createCodec(compression, gzipLevel, connection),
    isCodecRequired: compression !== 'stored' && compression !== 'auto',
    strategy: strategy === 'auto' ? undefined : strategy,
    parallelBlobs,
    recheck: job.recheck === true,
    platform: job.platform,
  };
  return { request, target: opened, relay: await relay.parts(source, strategy) };
}

/** The image that the engine has. `1a2b3c4` is read as a name first and then as the beginning of an ID, as engines do. */
async function findImage(engine: Engine, { image, requestedImage }: PushJob, signal: AbortSignal): Promise<string> {
  if (requestedImage === undefined || requestedImage === image || !mayBeShortId(requestedImage)) return image;
  const exists = async (name: string): Promise<boolean> => {
    try {
      await engine.inspect(name, { signal });
      return true;
    } catch (error) {
      if (error instanceof TeaChestError && error.code === 'imageNotFound') return false;
      throw error;
    }
  };
  return !(await exists(image)) && (await exists(requestedImage)) ? requestedImage : image;
}
