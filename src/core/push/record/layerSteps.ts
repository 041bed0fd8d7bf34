import type { Digest } from '../../oci/digest.ts';
import { stepsOfLayers } from '../../oci/stepsOfLayers.ts';
import { toInstruction } from '../../oci/toInstruction.ts';
import type { ImageStep } from '../../ports/imageSource.ts';

/** The step of the build that made a layer. */
export interface LayerStep {
  /** Empty if the history does not say it. */
  readonly instruction: string;
  /** Bytes of its files. */
  readonly bytes: number;
}

/** Which step made each layer, by the engine's history, oldest step first. Empty where that is not certain. */
export function layerSteps(diffIds: readonly Digest[], steps: readonly ImageStep[]): ReadonlyMap<Digest, LayerStep> {
  const pairs = new Map<Digest, LayerStep>();
  stepsOfLayers(steps, diffIds.length)?.forEach(({ createdBy, size }, at) => {
    const diffId = diffIds[at];
    // An image may have a layer twice.
    if (diffId === undefined || pairs.has(diffId)) return;
    pairs.set(diffId, { bytes: size, instruction: toInstruction(createdBy) });
  });
  return pairs;
}
