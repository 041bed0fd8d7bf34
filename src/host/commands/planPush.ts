import type { ImagePlan, SendEstimate, TimeEstimate } from '../../core/push/plan/pushPlan.ts';
import { inertText } from '../display/inertText.ts';
import { planWarnings, type PlanWarning } from '../progress/planText.ts';
import type { InspectImage } from '../push/composeImages.ts';
import { imagesOf } from '../push/imagesOf.ts';
import { toRejectedImage, type RejectedImage } from '../push/pushImagesResult.ts';
import type { PushPlanner } from '../push/pushPlanner.ts';
import { readPlanArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

type Planned = Omit<ImagePlan, 'kind' | 'origin'>;

/** What a push of one image would do (docs/automation.md). */
type PlannedImage =
  | ({ readonly image: string; readonly warnings: readonly PlanWarning[] } & Planned)
  | { readonly image: string; readonly reference: string; readonly error: RejectedImage };

/** The result of `teaChest.planPush`. */
export interface PlannedPush {
  /** In the order of the images of the argument. */
  readonly images: readonly PlannedImage[];
  readonly send: SendEstimate;
  readonly time?: TimeEstimate | undefined;
}

/** `teaChest.planPush`: says what a push with the same arguments would do. Asks nobody, and changes nothing. */
export async function planPushCommand(
  planner: Pick<PushPlanner, 'plan'>,
  inspect: InspectImage,
  argument: unknown,
): Promise<PlannedPush> {
  try {
    const args = readPlanArguments(argument);
    const all = 'image' in args ? [args] : await imagesOf(args, inspect);
    const { plan, isPublic } = await planner.plan(all, new AbortController().signal);
    const images = plan.images.map((one, at): PlannedImage => {
      const image = all[at]?.image ?? '';
      const { reference } = one;
      if (one.kind === 'failed') return { image, reference, error: toRejectedImage(one.error) };
      const warnings = planWarnings(one, { isPublic: isPublic[at] === true });
      return {
        ...{ image, ...toPlanned(one) },
        warnings: warnings.map(({ code, message }) => ({ code, message: inertText(message) })),
      };
    });
    return { images, send: plan.send, ...(plan.time !== undefined && { time: plan.time }) };
  } catch (error) {
    throw toRejection(error, 'plan');
  }
}

function toPlanned(image: ImagePlan): Planned {
  const { reference, imageId, platform, imageBytes, tag, manifests, missing } = image;
  const { layers, send, time, transfer, uncompressedBytes } = image;
  return {
    ...{ reference, imageId, platform, imageBytes, tag, manifests, missing },
    ...{ layers, send, time, transfer, uncompressedBytes },
  };
}
