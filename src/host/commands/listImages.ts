import { TeaChestError } from '../../core/base/errors.ts';
import type { EngineImage } from '../../core/docker/types.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import { listShownImages } from '../engine/shownImages.ts';
import { toRejection } from './rejection.ts';

/** What `teaChest.listImages` resolves to; part of the automation contract. */
export interface ListedImage {
  readonly id: string;
  readonly references: readonly string[];
  /** Bytes, the engine's own figure. */
  readonly size: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `linux/amd64`; `unknown` if the engine cannot tell. */
  readonly platform: string;
}

/** `teaChest.listImages`: all images but intermediate ones, as the engine has them now. */
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

/** Undefined if the image went away since it was listed. */
async function withPlatform(engine: Engine, image: EngineImage, signal: AbortSignal): Promise<ListedImage | undefined> {
  const { id, references, size, createdAt } = image;
  try {
    const platform = image.platform ?? (await engine.platformOf(id, { signal }));
    return { id, references, size, createdAt, platform: formatPlatform(platform) };
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    if (error.code === 'imageNotFound') return undefined;
    // One damaged image must not hide the others.
    if (error.code === 'engineFailed') return { id, references, size, createdAt, platform: 'unknown' };
    throw error;
  }
}
