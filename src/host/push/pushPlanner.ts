import { toTeaChestError } from '../../core/base/errors.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { DigestCache } from '../../core/digestCache/digestCache.ts';
import { readImageLayers, type ImageLayers } from '../../core/push/plan/imageLayers.ts';
import type { OpenedPlan } from '../../core/push/plan/planContext.ts';
import type { PushPlan } from '../../core/push/plan/pushPlan.ts';
import type { Engine, EngineLink } from '../engine/engine.ts';
import type { PublicOwners } from '../targets/publicOwners.ts';
import { formatTarget } from '../targets/target.ts';
import { openPush, type OpenPushOptions } from './openPush.ts';
import type { PushArguments } from './pushArguments.ts';
import type { PushJob } from './pushJob.ts';
import type { PushRunnerDependencies } from './pushRunner.ts';
import type { TargetSources } from './pushSources.ts';
import { resolvePush } from './resolvePush.ts';
import { targetNeeded } from './targetNeeded.ts';

export interface PushPlannerDependencies {
  readonly link: EngineLink;
  /** Where images go that have no target. */
  readonly sources: TargetSources;
  readonly openTarget: PushRunnerDependencies['openTarget'];
  readonly createCodec: OpenPushOptions['createCodec'];
  readonly settings: OpenPushOptions['settings'];
  readonly relay: OpenPushOptions['relay'];
  readonly cache: DigestCache;
  readonly logger: Logger;
  /** Bytes per second that earlier pushes measured. */
  readonly linkRate: (origin: string) => number | undefined;
  readonly publicOwners: Pick<PublicOwners, 'isPublic' | 'confirm'>;
}

/** What a push of some images would do. */
export interface ArgumentsPlan {
  /** Its images are in the order of the arguments. */
  readonly plan: PushPlan;
  /** For each image, whether everybody will be able to pull it. */
  readonly isPublic: readonly boolean[];
}

/** Says what pushes would do, and which layers an image has. Changes nothing. */
export class PushPlanner {
  readonly #dependencies: PushPlannerDependencies;

  constructor(dependencies: PushPlannerDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Nobody is asked: an image without a target of its own goes where it went last. Rejects if the engine cannot be reached,
   * or with `cancelled`.
   */
  async plan(all: readonly PushArguments[], signal: AbortSignal): Promise<ArgumentsPlan> {
    const { link, cache, logger, linkRate, publicOwners } = this.#dependencies;
    const [source, { planPush }] = await Promise.all([link.get(), import('../../core/push/plan/planPush.ts')]);
    const resolved = all.map((args) => this.#resolve(args));
    const requests = resolved.map(({ args, job, error }) => ({
      reference: job === undefined ? (args.target ?? args.image) : formatTarget(job.target),
      origin: job?.connection.origin ?? '',
      open: () =>
        job === undefined ? Promise.reject(error ?? targetNeeded(args.image)) : this.#open(job, source, signal),
    }));
    const [plan, isPublic] = await Promise.all([
      planPush(requests, { source, cache, logger, linkRate, readHistory: historyOf(source) }, { signal }),
      Promise.all(resolved.map(async ({ job }) => job !== undefined && (await publicOwners.isPublic(job)))),
    ]);
    return { plan, isPublic };
  }

  /** Before a planned push: a person confirms the first push to each public owner. True if it may begin. */
  async confirm(all: readonly PushArguments[]): Promise<boolean> {
    for (const args of all) {
      const { job } = this.#resolve(args);
      if (job !== undefined && !(await this.#dependencies.publicOwners.confirm(job))) return false;
    }
    return true;
  }

  /** The layers of an image. Asks the engine alone. */
  async layers(image: string, signal: AbortSignal): Promise<ImageLayers> {
    const { link, logger } = this.#dependencies;
    const source = await link.get();
    return await readImageLayers(image, { source, logger, readHistory: historyOf(source) }, { signal });
  }

  #resolve(args: PushArguments): {
    readonly args: PushArguments;
    readonly job?: PushJob | undefined;
    readonly error?: Error;
  } {
    try {
      return { args, job: resolvePush(args, this.#dependencies.sources) };
    } catch (refusal) {
      return { args, error: toTeaChestError(refusal, 'resolve') };
    }
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
