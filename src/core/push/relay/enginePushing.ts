import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { EngineImageName, EnginePusher, EnginePushStep, ImageDetails } from '../contracts.ts';
import type { Reachability } from './reachability.ts';
import type { RelayBackend } from './relayBackend.ts';
import type { RelayDoor, RelayLease } from './relayDoor.ts';
import { requireContact } from './requireContact.ts';
import { removeName, temporaryTag } from './temporaryName.ts';

/** What a relay needs besides the push itself; made once by the composition root. */
export interface RelayParts {
  readonly pusher: EnginePusher;
  readonly door: RelayDoor;
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
const lastWordsMs = 5_000;

export interface EnginePushingOptions {
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
  readonly onLeaving?: (leaving: Promise<void>) => void;
  /** The image is not to be exported instead: worth waiting longer for the engine. */
  readonly isInsisted?: boolean;
}

/**
 * Lets the engine push an image to `backend` under a temporary name, which is gone afterwards whatever happens. Resolves
 * when the engine says that it is done, or at `arrival`. Rejects with `RelayUnavailable` if it was never heard.
 */
export async function pushToUs(
  image: ImageDetails,
  { pusher, door, reachability }: RelayParts,
  backend: RelayBackend,
  options: EnginePushingOptions,
): Promise<void> {
  const { signal, logger } = options;
  throwIfCancelled(signal);
  const meeting = new Meeting();
  const lease = await door.open(backend, () => {
    meeting.happened();
  });
  // Neither the secret nor the image goes to an address that was not seen to be ours.
  try {
    await requireContact(pusher, lease, reachability.patience(pusher.id, options.isInsisted), signal);
  } catch (error) {
    await lease.close();
    throwIfCancelled(signal);
    throw missed(pusher, reachability, error);
  }
  const name: EngineImageName = { repository: lease.repository, tag: temporaryTag() };
  options.onTag?.(name.tag);
  const report = new Report();
  let hasPushed = false;
  try {
    await pusher.tag(image.id, name, { signal });
    meeting.expect(reachability.patience(pusher.id, options.isInsisted));
    const together = AbortSignal.any([signal, meeting.missed, report.cutOff]);
    const said = report.read(pusher.push(name, lease.credential, { signal: together }), options);
    await (options.arrival === undefined ? said : Promise.race([said, options.arrival]));
    reachability.reached(pusher.id);
    hasPushed = true;
  } catch (error) {
    if (signal.aborted || meeting.hasHappened) throw error;
    throw missed(pusher, reachability, error);
  } finally {
    meeting.over();
    const leaving = leave(pusher, name, lease, report, { logger, keepers: image.references });
    if (hasPushed && options.onLeaving !== undefined) options.onLeaving(leaving);
    else await leaving;
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

async function leave(
  pusher: EnginePusher,
  name: EngineImageName,
  lease: RelayLease,
  report: Report,
  options: Parameters<typeof removeName>[2],
): Promise<void> {
  try {
    // The engine needs the name no more once it has sent everything, but may still have questions.
    await Promise.all([removeName(pusher, name, options), report.heardOut().then(() => lease.close())]);
  } catch (error) {
    options.logger.warn(`The relay could not be closed: ${String(error)}`);
  }
}

/** What the engine says of its push, which may go on when all has arrived. */
class Report {
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
    { onStep, onNotice }: Pick<EnginePushingOptions, 'onStep' | 'onNotice'>,
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
  async heardOut(): Promise<void> {
    this.#isHeard = false;
    const late = setTimeout(() => {
      this.#cutOff.abort(new TeaChestError('engineLost', 'The engine did not come to an end.'));
    }, lastWordsMs);
    // Nothing depends on it any more: either all has arrived, or the failure is known.
    await this.#end.catch(() => undefined);
    clearTimeout(late);
  }
}

/** Waits for the first request, for a while. */
class Meeting {
  hasHappened = false;
  readonly #missed = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** From now on; time that the engine took to be ready for the push does not count. */
  expect(patienceMs: number): void {
    if (this.hasHappened) return;
    this.#timer = setTimeout(() => {
      this.#missed.abort(new TeaChestError('engineLost', 'The engine did not come.'));
    }, patienceMs);
  }

  get missed(): AbortSignal {
    return this.#missed.signal;
  }

  happened(): void {
    this.hasHappened = true;
    this.over();
  }

  over(): void {
    clearTimeout(this.#timer);
  }
}
