import type { DescribedLayer, ImageDescription } from '../oci/imageDescription.ts';

/** Two images of one platform. */
export interface ImageComparison {
  /**
   * `sameImage`: by digest. `sameContent`: layers and settings are the same, but what else a config or a manifest says is not,
   * or not known to be. `sameLayers`: only the layers. `someLayers`, `noLayers`: so many.
   */
  readonly relation: 'sameImage' | 'sameContent' | 'sameLayers' | 'someLayers' | 'noLayers';
  readonly areSettingsSame: boolean;
  /** Layers from the base on that both have at the same position. */
  readonly sharedFromBase: number;
  readonly rows: readonly ComparedLayer[];
  /** The layers that the left image does not have at all. */
  readonly onlyRight: readonly DescribedLayer[];
}

/** What both images have at one position. */
export interface ComparedLayer {
  readonly left: DescribedLayer | undefined;
  readonly right: DescribedLayer | undefined;
  readonly isShared: boolean;
}

/** Layers are compared by their diffIDs: the same files compressed by gzip and by zstd are the same layer. */
export function compareImages(left: ImageDescription, right: ImageDescription): ImageComparison {
  const length = Math.max(left.layers.length, right.layers.length);
  const rows = Array.from({ length }, (_, at): ComparedLayer => {
    const [one, other] = [left.layers[at], right.layers[at]];
    return { left: one, right: other, isShared: one !== undefined && other !== undefined && isSameLayer(one, other) };
  });
  const firstOther = rows.findIndex(({ isShared }) => !isShared);
  const sharedFromBase = firstOther < 0 ? rows.length : firstOther;
  const areSettingsSame = JSON.stringify(settingsOf(left)) === JSON.stringify(settingsOf(right));
  const onlyRight = right.layers.filter((layer) => !left.layers.some((one) => isSameLayer(one, layer)));
  const areLayersSame = sharedFromBase === rows.length;
  const hasShared = onlyRight.length < right.layers.length;
  return { relation: relationOf(), areSettingsSame, sharedFromBase, rows, onlyRight };

  function relationOf(): ImageComparison['relation'] {
    if (isSameImage(left, right)) return 'sameImage';
    if (areLayersSame) return areSettingsSame ? 'sameContent' : 'sameLayers';
    return hasShared ? 'someLayers' : 'noLayers';
  }
}

function settingsOf({ platform, settings }: ImageDescription): unknown {
  return { platform, settings };
}

function isSameImage(left: ImageDescription, right: ImageDescription): boolean {
  const isSame = (one: string | undefined, other: string | undefined): boolean => one !== undefined && one === other;
  return isSame(left.config, right.config) || isSame(left.manifest, right.manifest);
}

function isSameLayer(one: DescribedLayer, other: DescribedLayer): boolean {
  if (one.diffId !== undefined && other.diffId !== undefined) return one.diffId === other.diffId;
  return one.blob !== undefined && one.blob.digest === other.blob?.digest;
}
