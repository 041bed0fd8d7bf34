import type { Digest } from '../../oci/digest.ts';
import { describePlatform } from '../../oci/platform.ts';
import type { CallOptions } from '../../ports/callOptions.ts';
import type { ImageSource } from '../../ports/imageSource.ts';
import type { Logger } from '../../base/logger.ts';
import { describeLayers } from './describeLayers.ts';
import type { ReadHistory } from './planContext.ts';

/** Which layers make an image as large as it is. */
export interface ImageLayers {
  readonly imageId: Digest;
  /** Of an index, the platform whose layers these are. */
  readonly platform?: string | undefined;
  /** The engine's own figure. */
  readonly imageBytes: number;
  /** Base first. */
  readonly layers: readonly ImageLayer[];
}

export interface ImageLayer {
  readonly diffId: Digest;
  readonly instruction?: string | undefined;
  /** Bytes of its files, by the engine's history; undefined where that does not say which step made the layer. */
  readonly bytes?: number | undefined;
}

/** Asks the engine alone. */
export async function readImageLayers(
  image: string,
  { source, ...rest }: { readonly source: ImageSource; readonly readHistory: ReadHistory; readonly logger: Logger },
  { signal }: CallOptions,
): Promise<ImageLayers> {
  const details = await source.inspect(image, { signal });
  const { id, size, platform, diffIds } = details;
  const found = [...new Set(diffIds)].map((diffId) => ({ diffId, state: 'unknown' as const }));
  const described = await describeLayers({ ...rest, image: details, signal }, found);
  return {
    ...{ imageId: id, platform: describePlatform(platform), imageBytes: size },
    layers: described.flatMap(({ diffId, instruction, bytes }) =>
      diffId === undefined ? [] : [{ diffId, instruction, bytes }],
    ),
  };
}
