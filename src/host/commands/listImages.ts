import { TeaChestError } from '../../core/base/errors.ts';
import type { EngineImage } from '../../core/docker/types.ts';
import { describePlatform } from '../../core/oci/platform.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import { listShownImages } from '../engine/listShownImages.ts';
import { toRejection } from './toRejection.ts';

/** An entry of the result of `teaChest.listImages` (docs/automation.md). */
export interface ListedImage {
  readonly id: string;
  readonly references: readonly string[];
  /** Bytes, as the engine reports them. */
  readonly size: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `linux/amd64`, or `unknown` if the engine fails to return it. */
  readonly platform: string;
}

/** `teaChest.listImages`: all images of the engine except intermediate ones. */
export async function listImagesCommand(link: EngineLink): Promise<readonly ListedImage[]> {
  const { signal } = new AbortController();
  try {
    const engine = await link.get();
    const images = await listShownImages(engine, { signal });
    const listed = await Promise.all(images.map((image) => withPlatform(engine, image, signal)));
    return listed.filter((image) => image !== undefined);
  } catch (error) {
    link.reset();
    throw toRejection(error, 'engine');
  }
}

/** Undefined if the image was removed after it was listed. */
async function withPlatform(engine: Engine, image: EngineImage, signal: AbortSignal): Promise<ListedImage | undefined> {
  const { id, references, size, createdAt } = image;
  try {
    const platform = image.platform ?? (await engine.platformOf(id, { signal }));
    return { id, references, size, createdAt, platform: describePlatform(platform) ?? 'unknown' };
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    if (error.code === 'imageNotFound') return undefined;
    // One damaged image must not hide the others.
    if (error.code === 'engineFailed') return { id, references, size, createdAt, platform: 'unknown' };
    throw error;
  }
}
