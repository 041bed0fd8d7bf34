import { isCancelled } from '../../base/errors.ts';
import type { ImageDetails, ImageStep } from '../../ports/imageSource.ts';
import { layerSteps } from '../record/layerSteps.ts';
import { layerSizes } from '../transferCosts.ts';
import type { PlanContext } from './planContext.ts';
import type { FoundLayer } from './planUnpacked.ts';
import type { PlannedLayer } from './pushPlan.ts';

/** A layer of a plan, and what only the sums need. */
export interface DescribedLayer extends PlannedLayer {
  /** Of its blob. */
  readonly mediaType?: string | undefined;
  /** Uncompressed bytes to count where nobody says its size: a share of the image's size. */
  readonly share?: number | undefined;
}

export interface DescribeContext extends Pick<PlanContext, 'readHistory' | 'logger' | 'signal'> {
  readonly image: Pick<ImageDetails, 'id' | 'diffIds' | 'size'>;
}

/** Adds what the image's history says of its layers: the instructions, and the sizes that no push has counted. */
export async function describeLayers(
  context: DescribeContext,
  found: readonly FoundLayer[],
): Promise<readonly DescribedLayer[]> {
  const { image } = context;
  const steps = layerSteps(image.diffIds, await readSteps(context));
  const counted = new Map(found.map(({ diffId, tarSize }) => [diffId, tarSize]));
  const sizes = image.diffIds.map((diffId) => counted.get(diffId) ?? steps.get(diffId)?.bytes);
  const shares = layerSizes(sizes, [], image.size);
  return found.map(({ diffId, descriptor, state, knownIn, tarSize }) => {
    const at = diffId === undefined ? -1 : image.diffIds.indexOf(diffId);
    const step = diffId && steps.get(diffId);
    const bytes = tarSize ?? step?.bytes;
    const share = shares[at];
    return {
      ...{ diffId, digest: descriptor?.digest, mediaType: descriptor?.mediaType, state, knownIn },
      instruction: step?.instruction === '' ? undefined : step?.instruction,
      ...{ bytes, isEstimated: tarSize === undefined && bytes !== undefined, storedBytes: descriptor?.size },
      share: share && Math.round(share),
    };
  });
}

/** A plan without instructions is still a plan. */
async function readSteps({ image, readHistory, logger, signal }: DescribeContext): Promise<readonly ImageStep[]> {
  try {
    return await readHistory(image.id, { signal });
  } catch (error) {
    if (isCancelled(error)) throw error;
    logger.debug(`The history of ${image.id} could not be read: ${String(error)}`);
    return [];
  }
}
