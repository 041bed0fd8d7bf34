import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { EngineImageName, EnginePusher, EnginePushStep } from '../ports/enginePusher.ts';
import type { Platform } from '../oci/platform.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import { checkReachable, type Reachability } from './reachability.ts';
import type { RelayBackend } from './relayBackend.ts';
import type { RelayEndpoint, RelaySession } from './relayEndpoint.ts';
import { removeName, temporaryTag } from './temporaryTag.ts';

/** The parts of a relay that outlive a push; the composition root creates them. */
export interface RelayParts {
  readonly pusher: EnginePusher;
  readonly endpoint: RelayEndpoint;
  readonly reachability: Reachability;
}

/** The engine cannot push to us: the image must be exported instead. */
export class RelayUnavailable extends Error {
  override readonly name = 'RelayUnavailable';
  /** The engine did push, but a blob is missing. */
  readonly isPartial: boolean;

  constructor(message: string, { isPartial = false, cause }: { isPartial?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isPartial = isPartial;
  }
}

/** An engine's push must end within this time, in milliseconds, after all it had to send has arrived. */
const drainTimeoutMs = 5_000;

export interface PushFromEngineOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onStep: (step: EnginePushStep) => void;
  /** A notice of the engine for the person. It may come after everything has arrived. */
  readonly onNotice?: (notice: string) => void;
  /** The tag under which the top manifest will arrive. */
  readonly onTag?: (tag: string) => void;
  /** Of an index only the manifest of this platform is pushed (API 1.46). */
  readonly platform?: Platform;
  /** Resolves when the whole image has arrived: what the engine does after that is not waited for. */
  readonly arrival?: Promise<void>;
  /**
   * After a successful push, gets the promise of the cleanup (remove the temporary name, let the engine end), for the caller
   * to wait for. It never rejects.
   */
  readonly onCleanup?: (cleanup: Promise<void>) => void;
  /** The image may not be exported instead: wait longer for the engine. */
  readonly isRequired?: boolean;
}

/**
 * Lets the engine push an image to `backend` under a temporary name, which is removed in any case. Resolves when the engine
 * reports that it is done, or at `arrival`. Rejects with `RelayUnavailable` if none of its requests has arrived, or it
 * refuses before the first one.
 */
export async function pushFromEngine(
  image: ImageDetails,
  { pusher, endpoint, reachability }: RelayParts,
  backend: RelayBackend,
  options: PushFromEngineOptions,
): Promise<void> {
  const { signal, logger } = options;
  throwIfCancelled(signal);
  const firstRequest = new FirstRequestTimeout();
  const session = await endpoint.open(backend, () => {
    firstRequest.received();
  });
  const name: EngineImageName = { repository: session.repository, tag: temporaryTag() };
  options.onTag?.(name.tag);
  const removal = { logger, references: image.references };
  // Nothing leaves the engine with the name alone, so it need not wait for the proof.
  const tagging = pusher.tag(image.id, name, { signal });
  tagging.catch(() => undefined);
  // The secret and the image go only to an address that is proved to be ours.
  try {
    await checkReachable(pusher, session, reachability.firstRequestTimeoutMs(pusher.id, options.isRequired), signal);
  } catch (error) {
    await tagging.catch(() => undefined);
    await Promise.all([session.close(), removeName(pusher, name, removal)]);
    throwIfCancelled(signal);
    throw unreachable(pusher, reachability, error);
  }
  const output = new PushOutput();
  let hasPushed = false;
  try {
    await tagging;
    firstRequest.start(reachability.firstRequestTimeoutMs(pusher.id, options.isRequired));
    const stop = AbortSignal.any([signal, firstRequest.timedOut, output.timedOut]);
    const pushed = output.read(
      pusher.push(name, session.credential, { signal: stop, platform: options.platform }),
      options,
    );
    await (options.arrival === undefined ? pushed : Promise.race([pushed, options.arrival]));
    reachability.reached(pusher.id);
    hasPushed = true;
  } catch (error) {
    if (signal.aborted || firstRequest.isReceived) throw error;
    if (firstRequest.timedOut.aborted) throw unreachable(pusher, reachability, error);
    // It reached us a moment ago: so it is about this image, and the next one may be relayed.
    throw new RelayUnavailable(toTeaChestError(error).message, { cause: error });
  } finally {
    firstRequest.stop();
    const cleanup = cleanUp(pusher, name, session, output, removal);
    if (hasPushed && options.onCleanup !== undefined) options.onCleanup(cleanup);
    else await cleanup;
  }
}

/** No request has arrived: the engine's 127.0.0.1 is not ours, or it does not push as docker does. */
function unreachable(pusher: EnginePusher, reachability: Reachability, cause: unknown): RelayUnavailable {
  reachability.missed(pusher.id);
  const unknown = l10n.t({
    message: 'it may run in a virtual machine or in a network of its own, or push by https only, as Podman does',
    comment: 'Why an engine cannot push to Tea Chest; follows a colon. “It” is the container engine.',
  });
  const reason = pusher.isolation ?? unknown;
  return new RelayUnavailable(l10n.t`No request of it arrives at 127.0.0.1 here: ${reason}.`, { cause });
}

async function cleanUp(
  pusher: EnginePusher,
  name: EngineImageName,
  session: RelaySession,
  output: PushOutput,
  options: Parameters<typeof removeName>[2],
): Promise<void> {
  try {
    // The engine does not need the name after it has sent everything, but may still send requests.
    await Promise.all([removeName(pusher, name, options), output.drain().then(() => session.close())]);
  } catch (error) {
    options.logger.warn(`The relay could not be closed: ${String(error)}`);
  }
}

/** The output of the engine's push, which may go on after everything has arrived. */
class PushOutput {
  readonly #timeout = new AbortController();
  #end: Promise<void> = Promise.resolve();
  #isDraining = false;

  /** Stops the engine. */
  get timedOut(): AbortSignal {
    return this.#timeout.signal;
  }

  /** Resolves at the end of the output; rejects with the engine's error. */
  read(
    steps: AsyncIterable<EnginePushStep>,
    { onStep, onNotice }: Pick<PushFromEngineOptions, 'onStep' | 'onNotice'>,
  ): Promise<void> {
    this.#end = (async () => {
      for await (const step of steps) {
        if (!this.#isDraining) onStep(step);
        if (step.notice !== undefined) onNotice?.(step.notice);
      }
    })();
    return this.#end;
  }

  /** Resolves when the engine has ended, successfully or not. Progress is no longer reported. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const timer = setTimeout(() => {
      this.#timeout.abort(new TeaChestError('engineLost', l10n.t('The engine did not end its push.')));
    }, drainTimeoutMs);
    // Its failure no longer matters: either all has arrived, or the push has failed already.
    await this.#end.catch(() => undefined);
    clearTimeout(timer);
  }
}

class FirstRequestTimeout {
  isReceived = false;
  readonly #timeout = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** Begins now: the time before the push does not count. */
  start(timeoutMs: number): void {
    if (this.isReceived) return;
    this.#timer = setTimeout(() => {
      this.#timeout.abort(new TeaChestError('engineLost', l10n.t('The engine did not reach this endpoint.')));
    }, timeoutMs);
  }

  get timedOut(): AbortSignal {
    return this.#timeout.signal;
  }

  received(): void {
    this.isReceived = true;
    this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
