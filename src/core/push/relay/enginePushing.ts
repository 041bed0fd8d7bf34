import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { EngineImageName, EnginePusher, EnginePushStep, ImageDetails } from '../contracts.ts';
import type { Reachability } from './reachability.ts';
import type { RelayBackend } from './relayBackend.ts';
import type { RelayDoor } from './relayDoor.ts';
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
}

/**
 * Lets the engine push an image to `backend` under a temporary name, which is gone afterwards whatever happens. Resolves
 * when the engine says that it is done. Rejects with `RelayUnavailable` if it was never heard.
 */
export async function pushToUs(
  image: ImageDetails,
  { pusher, door, reachability }: RelayParts,
  backend: RelayBackend,
  options: {
    readonly signal: AbortSignal;
    readonly logger: Logger;
    readonly onStep: (step: EnginePushStep) => void;
    /** Told the tag under which the top manifest will come. */
    readonly onTag?: (tag: string) => void;
  },
): Promise<void> {
  const { signal, logger } = options;
  throwIfCancelled(signal);
  const meeting = new Meeting(reachability.patience(pusher.id));
  const lease = await door.open(backend, () => {
    meeting.happened();
  });
  const name: EngineImageName = { repository: lease.repository, tag: temporaryTag() };
  options.onTag?.(name.tag);
  try {
    await pusher.tag(image.id, name, { signal });
    const together = AbortSignal.any([signal, meeting.missed]);
    for await (const step of pusher.push(name, lease.credential, { signal: together })) options.onStep(step);
    reachability.reached(pusher.id);
  } catch (error) {
    if (signal.aborted || meeting.hasHappened) throw error;
    // Neither a TLS nor a plain request came: its 127.0.0.1 is not ours, or it does not push as docker does.
    reachability.missed(pusher.id);
    throw new RelayUnavailable('The engine does not reach us.', { cause: error });
  } finally {
    meeting.over();
    await Promise.all([removeName(pusher, name, logger), lease.close()]);
  }
}

/** Waits for the first request, for a while. */
class Meeting {
  hasHappened = false;
  readonly #missed = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(patienceMs: number) {
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
