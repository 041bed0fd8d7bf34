import { throwIfCancelled } from '../../src/core/base/cancel.ts';
import { createRegistryClient } from '../../src/core/gitea/registryClient.ts';
import type { DigestCache } from '../../src/core/digestCache/digestCache.ts';
import type { PushResult } from '../../src/core/push/pushEvents.ts';
import { pushImage } from '../../src/core/push/pushImage.ts';
import { Reachability } from '../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../src/core/relay/relayEndpoint.ts';
import { UploadsInFlight } from '../../src/core/push/uploadsInFlight.ts';
import { parseRegistryAddress } from '../../src/core/registry/registryAddress.ts';
import type { Timing } from '../../src/core/registry/http/retry.ts';
import type { Credential } from '../../src/core/registry/types.ts';
import { silentLogger } from '../tools/silentLogger.ts';
import { now } from './fastTimers.ts';
import { quickGzip } from '../unit/push/fakes.ts';
import type { Machine } from '../unit/push/relay/relayRig.ts';

/** The strategy of the push, and how blobs are sent. */
export type PushMode = 'export' | 'relay' | 'relay, whole blobs';

/** Bytes of a chunk, unless blobs are sent whole. */
export const chunk = 1024 * 1024;

export interface Attempt {
  readonly result: PushResult | undefined;
  readonly error: unknown;
  readonly isHung: boolean;
  readonly image: Machine;
  readonly repository: string;
}

export interface OnePush {
  /** The registry's address as the person entered it. */
  readonly origin: string;
  /** Of the certificate that is trusted; absent for plain http. */
  readonly fingerprint: string | undefined;
  readonly credential: Credential;
  readonly spoolRoot: string;
  readonly image: Machine;
  readonly repository: string;
  readonly tag: string;
  readonly mode: PushMode;
  readonly cache: DigestCache;
  /** Milliseconds after which it counts as hung. */
  readonly limitMs: number;
  /** Called at each wait between two tries. */
  readonly onWait?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** One push by a client of its own, as the composition root builds it, except that waits between tries take no time. */
export async function pushOnce(options: OnePush): Promise<Attempt> {
  const { image, repository, mode, cache, spoolRoot, fingerprint, limitMs } = options;
  const address = parseRegistryAddress(options.origin);
  const chunks = new Map(mode === 'relay, whole blobs' ? [] : [[address.origin, { size: chunk, limit: undefined }]]);
  const client = createRegistryClient({
    address,
    trust: fingerprint === undefined ? { allowHttp: true } : { pinnedFingerprint: fingerprint },
    proxy: { url: undefined, bypass: [] },
    credential: () => Promise.resolve(options.credential),
    logger: silentLogger,
    chunkMemory: chunks,
    environment: {},
    userAgent: 'tea-chest-test',
    timing: shortWaits(options.onWait),
  });
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const relay = { pusher: image.pusher, endpoint: openEndpoint(), reachability: new Reachability(Date.now) };
  const run = async (): Promise<PushResult> => {
    const target = await client.repository(repository, { signal });
    return await pushImage(
      {
        ...{ image: 'app:1', origin: address.origin, repository: `${address.host}/${repository}` },
        ...{ tag: options.tag, codec: quickGzip, parallelBlobs: 2 },
        strategy: mode === 'export' ? 'export' : 'relay',
      },
      {
        ...{ source: image.engine, target, cache, spoolRoot, spoolLimit: 1e9, logger: silentLogger, now: Date.now },
        uploads: new UploadsInFlight(),
        relay: mode === 'export' ? undefined : relay,
      },
      { signal, onEvent: () => undefined },
    );
  };
  try {
    return { ...(await settle(run(), controller, limitMs)), image, repository };
  } finally {
    await client.close();
  }
}

type Settled = Pick<Attempt, 'result' | 'error' | 'isHung'>;

/** A push that has not ended by the limit is cancelled and counts as hung, whatever its error is. */
async function settle(push: Promise<PushResult>, controller: AbortController, limitMs: number): Promise<Settled> {
  const limit = Promise.withResolvers<'late'>();
  const timer = realTimer(() => {
    limit.resolve('late');
  }, limitMs);
  const ended = push.then(
    (result): Settled => ({ result, error: undefined, isHung: false }),
    (error: unknown): Settled => ({ result: undefined, error, isHung: false }),
  );
  const first = await Promise.race([ended, limit.promise]);
  clearTimeout(timer);
  if (first !== 'late') return first;
  controller.abort();
  return { result: undefined, error: new Error('it did not end'), isHung: true };
}

/** The real timer, from before any test makes timers faster. */
const realTimer = setTimeout;

function openEndpoint(): RelayEndpoint {
  return new RelayEndpoint({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
}

/** A clock that each wait advances. */
function shortWaits(onWait: () => Promise<void> = () => Promise.resolve()): Timing {
  let ahead = 0;
  return {
    now: () => now() + ahead,
    random: Math.random,
    sleep: async (ms, signal) => {
      ahead += ms;
      await new Promise(setImmediate);
      throwIfCancelled(signal);
      await onWait();
    },
  };
}
