import type { Digest } from '../oci/digest.ts';
import type { ImagesPlan, PlannedImage } from './imagesEvents.ts';
import type { LayerStatus } from './pushEvents.ts';

/** The layers of one image, as far as they are planned. */
export interface ImageLayers {
  readonly reference: string;
  /** Of its registry. */
  readonly origin: string;
  /** The engine's own figure for the image. */
  readonly imageBytes: number;
  readonly layers: readonly LayerStatus[];
}

/** One plan for several images: a layer that several images need in one registry is counted once. */
export function planImages(images: readonly ImageLayers[]): ImagesPlan {
  const layers: LayerStatus[] = [];
  const indexes = new Map<string, number>();
  const planned = images.map(({ reference, origin, layers: own }): PlannedImage => {
    const at = own.map((layer) => {
      const key = layer.diffId === undefined ? undefined : `${origin} ${layer.diffId}`;
      const index = key === undefined ? undefined : indexes.get(key);
      const before = index === undefined ? undefined : layers[index];
      if (index === undefined || before === undefined) {
        if (key !== undefined) indexes.set(key, layers.length);
        return layers.push(layer) - 1;
      }
      layers[index] = mergeStatus(before, layer);
      return index;
    });
    return { reference, layers: at };
  });
  return { layers, images: planned, imageBytes: estimateBytes(images) };
}

/** A layer that one image has sent is `mounted` or `exists` for the others: the row of the one that sends it counts. */
const rank: Readonly<Record<LayerStatus['state'], number>> = {
  uploaded: 6,
  uploading: 5,
  reading: 4,
  waiting: 3,
  mounted: 2,
  exists: 1,
  superseded: 0,
};

function mergeStatus(one: LayerStatus, other: LayerStatus): LayerStatus {
  const isOther =
    rank[other.state] === rank[one.state] ? other.sentBytes > one.sentBytes : rank[other.state] > rank[one.state];
  const [first, second] = isOther ? [other, one] : [one, other];
  return { ...first, readTotal: first.readTotal ?? second.readTotal };
}

/**
 * About how large the distinct layers of all images are together. The engine gives the size of each image only. Layers
 * that the same images share are taken as one part, which is as large as its smallest image allows: it is mostly the base
 * that is shared, and the base that is large.
 */
function estimateBytes(images: readonly ImageLayers[]): number {
  const sharedBy = new Map<Digest, number[]>();
  images.forEach(({ layers }, at) => {
    for (const { diffId } of layers) {
      if (diffId !== undefined) sharedBy.set(diffId, [...(sharedBy.get(diffId) ?? []), at]);
    }
  });
  const parts = new Map([...sharedBy.values()].map((sharers) => [sharers.join(), sharers]));
  const rest = images.map(({ imageBytes }) => imageBytes);
  let total = 0;
  for (const sharers of [...parts.values()].sort((one, other) => other.length - one.length)) {
    const size = Math.min(...sharers.map((at) => rest[at] ?? 0));
    for (const at of sharers) rest[at] = (rest[at] ?? 0) - size;
    total += size;
  }
  return total;
}
