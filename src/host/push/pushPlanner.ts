import type { Logger } from '../../core/base/logger.ts';
import type { DigestCache } from '../../core/digestCache/digestCache.ts';
import { readImageLayers, type ImageLayers } from '../../core/push/plan/imageLayers.ts';
import type { OpenedPlan } from '../../core/push/plan/planContext.ts';
import { planPush } from '../../core/push/plan/planPush.ts';
import type { PushPlan } from '../../core/push/plan/pushPlan.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { formatTarget } from '../targets/target.ts';
import { openPush, type OpenPushOptions } from './openPush.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunnerDependencies } from './pushRunner.ts';

export interface PushPlannerDependencies {
  readonly link: EngineLink;
  readonly openTarget: PushRunnerDependencies['openTarget'];
  readonly createCodec: OpenPushOptions['createCodec'];
  readonly settings: OpenPushOptions['settings'];
  readonly relay: OpenPushOptions['relay'];
  readonly cache: DigestCache;
  readonly logger: Logger;
  /** Bytes per second that earlier pushes measured. */
  readonly linkRate: (origin: string) => number | undefined;
  readonly publicOwners: Pick<PublicOwners, 'isPublic'>;
}

/** What a push of some images would do. */
export interface JobsPlan {
  /** Its images are in the order of the jobs. */
  readonly plan: PushPlan;
  /** For each job, whether everybody will be able to pull the image. */
  readonly isPublic: readonly boolean[];
}

/** Says what pushes would do, and which layers an image has. Changes nothing. */
export class PushPlanner {
  readonly #dependencies: PushPlannerDependencies;

  constructor(dependencies: PushPlannerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects if the engine cannot be reached, or with `cancelled`. */
  async plan(jobs: readonly PushJob[], signal: AbortSignal): Promise<JobsPlan> {
    const { link, cache, logger, linkRate, publicOwners } = this.#dependencies;
    const source = await link.get();
    const requests = jobs.map((job) => ({
      ...{ reference: formatTarget(job.target), origin: job.connection.origin },
      open: () => this.#open(job, source, signal),
    }));
    const [plan, isPublic] = await Promise.all([
      planPush(requests, { source, cache, logger, linkRate, readHistory: historyOf(source) }, { signal }),
      Promise.all(jobs.map((job) => publicOwners.isPublic(job))),
    ]);
    return { plan, isPublic };
  }

  /** The layers of an image. Asks the engine alone. */
  async layers(image: string, signal: AbortSignal): Promise<ImageLayers> {
    const { link, logger } = this.#dependencies;
    const source = await link.get();
    return await readImageLayers(image, { source, logger, readHistory: historyOf(source) }, { signal });
  }

  async #open(job: PushJob, source: Engine, signal: AbortSignal): Promise<OpenedPlan> {
    const { openTarget } = this.#dependencies;
    const open = (repository: string): ReturnType<typeof openTarget> => openTarget(job.connection, repository, signal);
    const opening = open(job.target.repository);
    // The image may not be found first.
    opening.catch(() => undefined);
    const opened = await openPush(job, { ...this.#dependencies, source, opening, signal });
    return { ...opened, findRepository: open };
  }
}

function historyOf(source: Engine): Parameters<typeof readImageLayers>[1]['readHistory'] {
  return (image, options) => source.history(image, options);
}
