import type { PushSources } from './pushSources.ts';

/** Every `repository:tag` of the engine's images. Empty if the engine cannot be reached. */
export async function localReferences(images: PushSources['images']): Promise<readonly string[]> {
  const state = await images.open();
  return state.kind === 'ready' ? state.images.flatMap((image) => image.references) : [];
}
