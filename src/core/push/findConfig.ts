import { throwIfCancelled } from '../base/cancel.ts';
import { digestOf } from '../oci/digest.ts';
import { isConfigOf } from '../oci/imageConfig.ts';
import type { AttemptContext } from './pushContext.ts';
import { recallImage } from './rememberedImage.ts';

/**
 * The config of an image whose layers are all in the repository, from the digest cache or from the registry. In the
 * classic store an image's ID is its config's digest. In containerd's store it is a manifest's digest, and Gitea serves
 * manifests as blobs too: so the answer must be a config, and this image's.
 */
export async function findConfig(context: AttemptContext): Promise<Uint8Array | undefined> {
  const { target, image, logger, runStage, signal, usesCache } = context;
  const known = recallImage(context);
  if (known !== undefined) return known.config;
  if (!usesCache || image.storesBlobs === true) return undefined;
  const config = await runStage('plan', () => target.getBlob(image.id, { signal })).catch((error: unknown) => {
    throwIfCancelled(signal);
    logger.debug(`The config cannot be read back, so the engine is asked for it: ${String(error)}`);
    return undefined;
  });
  if (config === undefined || digestOf(config) !== image.id || !isConfigOf(config, image.diffIds)) return undefined;
  return config;
}
