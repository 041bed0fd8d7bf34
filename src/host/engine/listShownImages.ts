import type { EngineImage } from '../../core/docker/types.ts';
import { isTemporaryName } from '../../core/relay/temporaryTag.ts';
import type { Engine } from './engine.ts';

/** The engine's images, without the temporary names of pushes. */
export async function listShownImages(
  engine: Pick<Engine, 'listImages'>,
  options: { readonly signal: AbortSignal },
): Promise<readonly EngineImage[]> {
  const images = await engine.listImages(options);
  return images.map((image) => {
    const { references, digestReferences } = image;
    if (![...references, ...digestReferences].some(isTemporaryName)) return image;
    return { ...image, references: withoutTemporary(references), digestReferences: withoutTemporary(digestReferences) };
  });
}

function withoutTemporary(names: readonly string[]): readonly string[] {
  return names.filter((name) => !isTemporaryName(name));
}
