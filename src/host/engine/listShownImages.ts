import type { EngineImage } from '../../core/docker/types.ts';
import { isTemporaryName } from '../../core/relay/temporaryTag.ts';
import type { Engine } from './engine.ts';

/** The engine's images, without the temporary tags of running pushes. */
export async function listShownImages(
  engine: Pick<Engine, 'listImages'>,
  options: { readonly signal: AbortSignal },
): Promise<readonly EngineImage[]> {
  const images = await engine.listImages(options);
  return images.map((image) => {
    const references = image.references.filter((reference) => !isTemporaryName(reference));
    return references.length === image.references.length ? image : { ...image, references };
  });
}
