import { TeaChestError } from '../../core/base/errors.ts';
import type { ContainerCount, EngineImage } from '../../core/docker/types.ts';
import { describePlatform, type Platform } from '../../core/oci/platform.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import { listShownImages } from '../engine/listShownImages.ts';
import { toRejection } from './toRejection.ts';

/** An entry of the result of `teaChest.listImages` (docs/automation.md). */
export interface ListedImage {
  readonly id: string;
  readonly references: readonly string[];
  /** `repository@sha256:…`, where the image has no tag of that repository. */
  readonly digestReferences: readonly string[];
  /** Bytes, as the engine reports them. */
  readonly size: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `linux/amd64`, the first of `platforms`, or `unknown` if the engine fails to return one. */
  readonly platform: string;
  readonly platforms: readonly string[];
  /** Undefined for an image that runs. */
  readonly artifact?: string;
  /** Undefined if the engine does not say. */
  readonly usedBy?: ContainerCount;
  /** Why it cannot be pushed; undefined if it can. */
  readonly obstacle?: string;
}

/** `teaChest.listImages`: all images of the engine except intermediate ones. */
export async function listImagesCommand(link: EngineLink): Promise<readonly ListedImage[]> {
  const { signal } = new AbortController();
  try {
    const engine = await link.get();
    const images = await listShownImages(engine, { signal });
    const listed = await Promise.all(images.map((image) => withPlatforms(engine, image, signal)));
    return listed.filter((image) => image !== undefined);
  } catch (error) {
    link.reset();
    throw toRejection(error, 'engine');
  }
}

/** Undefined if the image was removed after it was listed. */
async function withPlatforms(
  engine: Engine,
  image: EngineImage,
  signal: AbortSignal,
): Promise<ListedImage | undefined> {
  try {
    return toEntry(image, image.platforms ?? (await engine.platformsOf(image, { signal })));
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    if (error.code === 'imageNotFound') return undefined;
    // One damaged image must not hide the others.
    if (error.code === 'engineFailed') return toEntry(image, []);
    throw error;
  }
}

function toEntry(image: EngineImage, found: readonly Platform[]): ListedImage {
  const { id, references, digestReferences, size, createdAt, isArtifact, artifactType, usedBy, obstacle } = image;
  const platforms = found.map(describePlatform).filter((one) => one !== undefined);
  return {
    ...{ id, references, digestReferences, size, createdAt },
    platform: platforms[0] ?? 'unknown',
    platforms,
    ...(isArtifact && { artifact: artifactType ?? 'unknown' }),
    ...(usedBy !== undefined && { usedBy }),
    ...(obstacle !== undefined && { obstacle }),
  };
}
