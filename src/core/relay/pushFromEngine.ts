import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { EngineImageName, EnginePusher, EnginePushStep } from '../ports/enginePusher.ts';
import type { ImageDetails } from '../ports/imageSource.ts';
import type { Reachability } from './reachability.ts';
import type { RelayBackend } from './relayBackend.ts';
import type { RelayEndpoint, RelaySession } from './relayEndpoint.ts';
import { requireContact } from './requireContact.ts';
import { removeName, temporaryTag } from './temporaryTag.ts';

/** What a relay needs besides the push itself; made once by the composition root. */
export interface RelayParts {
  readonly pusher: EnginePusher;
  readonly endpoint: RelayEndpoint;
  readonly reachability: Reachability;
}

/** The engine cannot push to us; its image must be exported instead. */
export class RelayUnavailable extends Error {
  override readonly name = 'RelayUnavailable';
  /** The engine did push, and something is missing all the same. */
  readonly isPartial: boolean;

  constructor(message: string, { isPartial = false, cause }: { isPartial?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isPartial = isPartial;
  }
}

/** Milliseconds that an engine has to come to its end, once everything it was to send has arrived. */
const drainTimeoutMs = 5_000;

export interface PushFromEngineOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly onStep: (step: EnginePushStep) => void;
  /** Told what the engine wants a person to know, to the end of its push: it may say so after all has arrived. */
  readonly onNotice?: (notice: string) => void;
  /** Told the tag under which the top manifest will come. */
  readonly onTag?: (tag: string) => void;
  /** Resolves when all of the image has come: what the engine does after that is not waited for. */
  readonly arrival?: Promise<void>;
  /**
   * After a push that went well: told the work of taking the name away and of hearing the engine out, to be waited for
   * by the caller. Never rejects.
   */
  readonly onCleanup?: (cleanup: Promise<void>) => void;
  /** The image is not to be exported instead: worth waiting longer for the engine. */
  readonly isInsisted?: boolean;
}

/**
 * Lets the engine push an image to `backend` under a temporary name, which is gone afterwards whatever happens. Resolves
 * when the engine says that it is done, or at `arrival`. Rejects with `RelayUnavailable` if no request of it arrived.
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
  // Neither the secret nor the image goes to an address that was not seen to be ours.
  try {
    await requireContact(pusher, session, reachability.firstRequestTimeoutMs(pusher.id, options.isInsisted), signal);
  } catch (error) {
    await session.close();
    throwIfCancelled(signal);
    throw missed(pusher, reachability, error);
  }
  const name: EngineImageName = { repository: session.repository, tag: temporaryTag() };
  options.onTag?.(name.tag);
  const output = new PushOutput();
  let hasPushed = false;
  try {
    await pusher.tag(image.id, name, { signal });
    firstRequest.start(reachability.firstRequestTimeoutMs(pusher.id, options.isInsisted));
    const together = AbortSignal.any([signal, firstRequest.timedOut, output.cutOff]);
    const said = output.read(pusher.push(name, session.credential, { signal: together }), options);
    await (options.arrival === undefined ? said : Promise.race([said, options.arrival]));
    reachability.reached(pusher.id);
    hasPushed = true;
  } catch (error) {
    if (signal.aborted || firstRequest.isReceived) throw error;
    throw missed(pusher, reachability, error);
  } finally {
    firstRequest.stop();
    const cleanup = cleanUp(pusher, name, session, output, { logger, keepers: image.references });
    if (hasPushed && options.onCleanup !== undefined) options.onCleanup(cleanup);
    else await cleanup;
  }
}

/** Neither a TLS nor a plain request came: its 127.0.0.1 is not ours, or it does not push as docker does. */
function missed(pusher: EnginePusher, reachability: Reachability, cause: unknown): RelayUnavailable {
  reachability.missed(pusher.id);
  return new RelayUnavailable(
    'No request of it arrives at 127.0.0.1 here, as with engines in a virtual machine or elsewhere.',
    { cause },
  );
}

async function cleanUp(
  pusher: EnginePusher,
  name: EngineImageName,
  session: RelaySession,
  output: PushOutput,
  options: Parameters<typeof removeName>[2],
): Promise<void> {
  try {
    // The engine needs the name no more once it has sent everything, but may still have questions.
    await Promise.all([removeName(pusher, name, options), output.drain().then(() => session.close())]);
  } catch (error) {
    options.logger.warn(`The relay could not be closed: ${String(error)}`);
  }
}

/** What the engine says of its push, which may go on when all has arrived. */
class PushOutput {
  readonly #cutOff = new AbortController();
  #end: Promise<void> = Promise.resolve();
  #isHeard = true;

  /** Stops the engine. */
  get cutOff(): AbortSignal {
    return this.#cutOff.signal;
  }

  /** To the end of it; rejects with what the engine says went wrong. */
  read(
    steps: AsyncIterable<EnginePushStep>,
    { onStep, onNotice }: Pick<PushFromEngineOptions, 'onStep' | 'onNotice'>,
  ): Promise<void> {
    this.#end = (async () => {
      for await (const step of steps) {
        if (this.#isHeard) onStep(step);
        if (step.notice !== undefined) onNotice?.(step.notice);
      }
    })();
    return this.#end;
  }

  /** Resolves when the engine has ended, in whatever way; nobody is told any more of how far it is. */
  async drain(): Promise<void> {
    this.#isHeard = false;
    const late = setTimeout(() => {
      this.#cutOff.abort(new TeaChestError('engineLost', 'The engine did not come to an end.'));
    }, drainTimeoutMs);
    // Nothing depends on it any more: either all has arrived, or the failure is known.
    await this.#end.catch(() => undefined);
    clearTimeout(late);
  }
}

/** Waits for the first request, for a while. */
class FirstRequestTimeout {
  isReceived = false;
  readonly #missed = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** From now on; time that the engine took to be ready for the push does not count. */
  start(timeoutMs: number): void {
    if (this.isReceived) return;
    this.#timer = setTimeout(() => {
      this.#missed.abort(new TeaChestError('engineLost', 'The engine did not come.'));
    }, timeoutMs);
  }

  get timedOut(): AbortSignal {
    return this.#missed.signal;
  }

  received(): void {
    this.isReceived = true;
    this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
