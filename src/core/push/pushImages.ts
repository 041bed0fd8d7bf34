import { callListener } from '../base/callListener.ts';
import { throwIfCancelled } from '../base/cancel.ts';
import { toTeaChestError, type Stage, type TeaChestError } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { BlobTarget } from '../ports/blobTarget.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { RelayParts } from '../relay/pushFromEngine.ts';
import { imageIdentity } from './imageIdentity.ts';
import type { ImageOutcome, ImagesEvent, PushedImage } from './imagesEvents.ts';
import { planImages } from './imagesPlan.ts';
import type { PushDependencies, PushRequest } from './pushContext.ts';
import type { LayerStatus, PushEvent, PushResult } from './pushEvents.ts';
import { pushImage, stageRunner } from './pushImage.ts';
import { publishOtherTag } from './publishOtherTag.ts';
import { SharedTransfers, type TransferMember } from './sharedTransfers.ts';
import { StopConditions } from './stopConditions.ts';

/** Images that are inspected or planned at one time. */
const parallelPlans = 4;

/** One of the images to push. No two of them have the same target. */
export interface ImagePush {
  /** `host[:port]/owner/name:tag` */
  readonly reference: string;
  /** Scheme, host and port of its registry. */
  readonly origin: string;
  /** Cancels this image alone. */
  readonly signal?: AbortSignal | undefined;
  /** Called once. If it rejects, this image has failed. */
  readonly open: () => Promise<OpenedPush>;
}

export interface OpenedPush {
  readonly request: PushRequest;
  readonly target: BlobTarget;
  readonly relay?: RelayParts | undefined;
}

export type ImagesDependencies = Omit<PushDependencies, 'target' | 'relay'>;

export interface PushImagesOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: ImagesEvent) => void;
  /** Called once for each image, when it has ended and cleaned up. Others may go on. */
  readonly onOutcome?: (index: number, outcome: ImageOutcome) => void;
}

/**
 * Pushes several images with one plan: those that are exported leave the engine together, a layer that several of them have
 * is sent once, and an image with several tags is transferred once for each repository. Never rejects: each image has an
 * outcome, in the order of `pushes`. A failure does not end the others, unless it would be theirs as well; that of a listener
 * ends none.
 */
export async function pushImages(
  pushes: readonly ImagePush[],
  dependencies: ImagesDependencies,
  options: PushImagesOptions,
): Promise<readonly ImageOutcome[]> {
  const { signal, onEvent, onOutcome } = options;
  const { logger } = dependencies;
  const listeners = {
    onEvent: (event: ImagesEvent): void => {
      callListener(logger, () => {
        onEvent(event);
      });
    },
    onOutcome: (index: number, outcome: ImageOutcome): void => {
      callListener(logger, () => {
        onOutcome?.(index, outcome);
      });
    },
  };
  return await new ImagesRun(pushes, dependencies, { signal, ...listeners }).run();
}

/** The pushes of one image to the tags of one repository, by their positions. */
interface Group {
  readonly pushes: readonly Inspected[];
}

interface Inspected extends OpenedPush {
  readonly index: number;
  readonly image: ImageDetails;
}

/** A failure at one of these stages is of the tag: another tag of the same image may succeed. */
const tagStages: ReadonlySet<Stage | undefined> = new Set(['manifest', 'check']);

/** A name that no image has: an engine that is there says so. */
const absentImage = 'localhost/tea-chest/absent:none';

class ImagesRun {
  readonly #pushes: readonly ImagePush[];
  readonly #dependencies: ImagesDependencies;
  readonly #options: Required<PushImagesOptions>;
  readonly #stops: StopConditions;
  readonly #outcomes = new Map<number, ImageOutcome>();
  /** For the plan. */
  readonly #layers = new Map<number, { readonly imageBytes: number; readonly layers: readonly LayerStatus[] }>();

  constructor(pushes: readonly ImagePush[], dependencies: ImagesDependencies, options: Required<PushImagesOptions>) {
    this.#pushes = pushes;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#stops = new StopConditions((call) => dependencies.source.inspect(absentImage, call));
  }

  async run(): Promise<readonly ImageOutcome[]> {
    this.#pushes.forEach(({ reference }, index) => {
      this.#report(index, { type: 'target', reference });
    });
    const groups = await this.#inspectAll();
    const transfers = new SharedTransfers(groups.length, () => {
      this.#reportPlan();
    });
    const starts = new Semaphore(parallelPlans);
    const running = groups.map(async (group) => {
      const member = transfers.member();
      let ended = Promise.resolve();
      // The next image is planned as soon as this one waits for its transfer.
      await starts.run(async () => {
        ended = this.#pushGroup(group, member);
        await member.decided;
      });
      await ended;
    });
    await Promise.all(running);
    return this.#pushes.map((_, index) => {
      const outcome = this.#outcomes.get(index);
      if (outcome === undefined) throw new Error(`image ${index} has no outcome`);
      return outcome;
    });
  }

  /** Groups the images that can be pushed. The others have failed. */
  async #inspectAll(): Promise<readonly Group[]> {
    const inspections = new Semaphore(parallelPlans);
    const inspecting = this.#pushes.map((_, index) => inspections.run(() => this.#inspect(index)));
    const groups = new Map<string, { readonly pushes: Inspected[] }>();
    for (const push of await Promise.all(inspecting)) {
      if (push === undefined) continue;
      const key = groupKey(push);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { pushes: [push] });
      else group.pushes.push(push);
    }
    return [...groups.values()];
  }

  async #inspect(index: number): Promise<Inspected | undefined> {
    const signal = this.#signal(index);
    try {
      throwIfCancelled(signal);
      const opened = await this.#push(index).open();
      const runStage = stageRunner({ signal, onEvent: this.#reporter(index) });
      const { image: name } = opened.request;
      const image = await runStage('inspect', () => this.#dependencies.source.inspect(name, { signal }));
      this.#report(index, { type: 'inspected', image });
      return { ...opened, index, image };
    } catch (error) {
      await this.#fail(index, error);
      return undefined;
    }
  }

  /** Pushes the first tag, and then publishes the same manifest under the others. Never rejects. */
  async #pushGroup({ pushes }: Group, member: TransferMember): Promise<void> {
    let published: PushResult | undefined;
    let manifest: Uint8Array | undefined;
    const onManifest = (bytes: Uint8Array): void => void (manifest = bytes);
    let failure: TeaChestError | undefined;
    for (const push of pushes) {
      const { index } = push;
      try {
        if (failure !== undefined) throw failure;
        if (published === undefined) published = await this.#pushFirst(push, member, onManifest);
        else await this.#pushTag(push, published, manifest);
      } catch (error) {
        const { stage } = await this.#fail(index, error);
        const isOfTag = tagStages.has(stage) || this.#push(index).signal?.aborted === true;
        if (published === undefined && !isOfTag) failure = toTeaChestError(error);
      } finally {
        // Further tags transfer nothing.
        member.leave();
      }
    }
  }

  async #pushFirst(
    { request, target, relay, image, index }: Inspected,
    member: TransferMember,
    onManifest: (bytes: Uint8Array) => void,
  ): Promise<PushResult> {
    const onEvent = (event: PushEvent): void => {
      if (event.type === 'planned') this.#layers.set(index, event);
      this.#report(index, event);
    };
    const result = await pushImage(
      { ...request, image: image.id },
      { ...this.#dependencies, target, relay },
      { signal: this.#signal(index), inspected: image, transfers: member, onEvent, onManifest },
    );
    this.#end(index, { kind: 'pushed', result, image: pushedImage(image) });
    return result;
  }

  async #pushTag(
    { request, target, image, index }: Inspected,
    published: PushResult,
    manifest: Uint8Array | undefined,
  ): Promise<void> {
    const { now } = this.#dependencies;
    const startedAt = now();
    const signal = this.#signal(index);
    const runStage = stageRunner({ signal, onEvent: this.#reporter(index) });
    const outcome = await publishOtherTag({ target, request, runStage, signal }, published, manifest);
    const result = { ...outcome, durationMs: Math.round(now() - startedAt) };
    this.#report(index, { type: 'done', result });
    this.#end(index, { kind: 'pushed', result, image: pushedImage(image) });
  }

  async #fail(index: number, error: unknown): Promise<TeaChestError> {
    const { origin, signal } = this.#push(index);
    const isOwn = this.#options.signal.aborted || signal?.aborted === true;
    const failure = isOwn ? toTeaChestError(error) : await this.#stops.explain(error, origin, this.#signal(index));
    this.#options.onEvent({ type: 'failed', index, error: failure });
    this.#end(index, { kind: 'failed', error: failure });
    return failure;
  }

  #end(index: number, outcome: ImageOutcome): void {
    this.#outcomes.set(index, outcome);
    this.#options.onOutcome(index, outcome);
  }

  #reportPlan(): void {
    const images = this.#pushes.map(({ reference, origin }, index) => ({
      ...{ reference, origin },
      ...(this.#layers.get(index) ?? { imageBytes: 0, layers: [] }),
    }));
    this.#options.onEvent({ type: 'planned', plan: planImages(images) });
  }

  #report(index: number, event: PushEvent): void {
    this.#options.onEvent({ type: 'image', index, event });
  }

  #reporter(index: number): (event: PushEvent) => void {
    return (event) => {
      this.#report(index, event);
    };
  }

  #push(index: number): ImagePush {
    const push = this.#pushes[index];
    if (push === undefined) throw new RangeError(`there is no image ${index}`);
    return push;
  }

  /** Fires when all images are cancelled, or this one, or when a failure of another one is this one's as well. */
  #signal(index: number): AbortSignal {
    const { origin, signal } = this.#push(index);
    const all = [this.#options.signal, this.#stops.signal(origin)];
    return AbortSignal.any(signal === undefined ? all : [...all, signal]);
  }
}

function pushedImage(image: ImageDetails): PushedImage {
  return { identity: imageIdentity(image), createdAt: image.createdAt };
}

/**
 * Pushes with the same key transfer the same bytes to the same repository. Podman gives a list the ID of one of its images,
 * so an ID alone does not tell the two apart.
 */
function groupKey({ image: { id, manifestType, manifests }, request }: Inspected): string {
  const { origin, repository, codec, isCodecRequired = false, strategy, recheck = false, platform } = request;
  const image = [id, manifestType, manifests?.map(({ digest, isAvailable }) => [digest, isAvailable])];
  return JSON.stringify([image, origin, repository, codec.id, isCodecRequired, strategy, recheck, platform]);
}
