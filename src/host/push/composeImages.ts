import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../core/base/errors.ts';
import type { ComposeImage, ComposeImages, ComposeRequest } from '../../core/compose/readComposeImages.ts';
import type { ImageDetails } from '../../core/ports/imageSource.ts';

export interface FoundComposeImages extends ComposeImages {
  /** Those of `images` that the engine does not have. */
  readonly missing: readonly ComposeImage[];
}

export type InspectImage = (image: string) => Promise<ImageDetails>;

/**
 * The images of compose files, and which of them the engine has. It is asked by name, since each engine completes names by
 * its own rules.
 * @throws TeaChestError `composeFileInvalid`, and errors of the engine
 */
export async function findComposeImages(
  request: Omit<ComposeRequest, 'environment'>,
  inspect: InspectImage,
): Promise<FoundComposeImages> {
  // It loads the YAML reader.
  const { readComposeImages } = await import('../../core/compose/readComposeImages.ts');
  const found = await readComposeImages({ ...request, environment: process.env });
  const isThere = await Promise.all(found.images.map(({ image }) => has(inspect, image)));
  return { ...found, missing: found.images.filter((_, at) => isThere[at] !== true) };
}

async function has(inspect: InspectImage, image: string): Promise<boolean> {
  try {
    await inspect(image);
    return true;
  } catch (error) {
    if (error instanceof TeaChestError && error.code === 'imageNotFound') return false;
    throw error;
  }
}

/**
 * The names of all images of compose files.
 * @throws TeaChestError `imageNotFound` if the engine lacks one of them, `composeFileInvalid` if there are none
 */
export async function requireComposeImages(
  request: Omit<ComposeRequest, 'environment'>,
  inspect: InspectImage,
): Promise<readonly string[]> {
  const { images, missing } = await findComposeImages(request, inspect);
  const [file = ''] = request.files;
  if (images.length === 0) {
    throw new TeaChestError('composeFileInvalid', l10n.t`${file} names no image that can be pushed.`, {
      stage: 'resolve',
      facts: { file },
    });
  }
  if (missing.length === 0) return images.map(({ image }) => image);
  const message = l10n.t`The engine lacks ${missing.length} of the ${images.length} images of ${file}: ${missing.map(describeMissing).join(', ')}. Nothing was pushed. Run “docker compose build” or “docker compose pull” first.`;
  throw new TeaChestError('imageNotFound', message, { stage: 'inspect', facts: { file } });
}

/** `app:1 (service web)`, `app:1 (services web, worker)` */
export function describeMissing({ image, services }: ComposeImage): string {
  return services.length === 1
    ? l10n.t`${image} (service ${services.join(', ')})`
    : l10n.t`${image} (services ${services.join(', ')})`;
}
