import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine as EngineClient } from '../../../src/core/docker/client/engine.ts';
import { parseEndpoint } from '../../../src/core/docker/endpoint/parseEndpoint.ts';
import { createRegistryClient, type RegistryClient } from '../../../src/core/gitea/registryClient.ts';
import type { EngineEndpoint } from '../../../src/core/docker/types.ts';
import type { BlobTarget } from '../../../src/core/ports/blobTarget.ts';
import type { EnginePusher } from '../../../src/core/ports/enginePusher.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { sleep } from '../../../src/core/base/cancel.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { PushEvent, PushResult } from '../../../src/core/push/pushEvents.ts';
import type { ImageOutcome, ImagesEvent } from '../../../src/core/push/imagesEvents.ts';
import type { OpenedPlan } from '../../../src/core/push/plan/planContext.ts';
import { planPush } from '../../../src/core/push/plan/planPush.ts';
import type { ImagePlan } from '../../../src/core/push/plan/pushPlan.ts';
import { pushImages, type OpenedPush } from '../../../src/core/push/pushImages.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { Reachability } from '../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../src/core/relay/relayEndpoint.ts';
import { linuxConnectionTimes } from '../../../src/core/registry/http/linuxConnectionTimes.ts';
import { parseRegistryAddress } from '../../../src/core/registry/registryAddress.ts';
import type { SessionObserver } from '../../../src/core/registry/upload/sessionObserver.ts';
import type { Credential, RegistryTrust } from '../../../src/core/registry/types.ts';
import { checkPublished } from '../../tools/checkPublished.ts';
import type { Engine } from '../../tools/engine.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { silentLogger } from '../../tools/silentLogger.ts';

/** The parts of a push, put together as the composition root does, for one registry. */
export interface PushRig {
  readonly spoolRoot: string;
  /** Undefined for an engine that is on another machine. */
  readonly pusher: EnginePusher | undefined;
  closeSessions(repository: string, sessions: readonly URL[]): Promise<void>;
  push(image: string, target: string, options?: PushOptions): Promise<PushResult>;
  /** Pushes several images together: pairs of image and target. */
  pushAll(pairs: readonly (readonly [string, string])[], options?: PushAllOptions): Promise<readonly ImageOutcome[]>;
  /** What the push of one image would do. */
  plan(image: string, target: string, options?: Pick<PushOptions, 'codec' | 'strategy' | 'isNear'>): Promise<ImagePlan>;
  /** Replaces the digest cache by an empty one. */
  clearCache(): void;
  /** Names of what pushes have left in the spool folder. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

export interface PushOptions {
  readonly codec?: LayerCodec;
  readonly strategy?: 'export' | 'relay';
  /** True: the engine may push to us if that is estimated to be faster. Implied by the strategy. */
  readonly isNear?: boolean;
  readonly recheck?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PushEvent) => void;
  readonly spoolRoot?: string;
  readonly sessions?: SessionObserver;
  /** True: the caller compares what was published. */
  readonly isCheckedByCaller?: boolean;
}

export interface PushAllOptions extends Pick<PushOptions, 'codec' | 'isNear' | 'signal'> {
  readonly onEvent?: (event: ImagesEvent) => void;
  readonly onOpened?: (target: BlobTarget) => void;
}

export interface RigOptions {
  readonly engine: Pick<Engine, 'host'>;
  /** How the engine is reached; by its `host` if absent. */
  readonly endpoint?: EngineEndpoint | undefined;
  readonly url: string;
  /** `host:port` from which skopeo reads the image, where the push uses another address. */
  readonly readAt?: string;
  readonly codec: LayerCodec;
  readonly credential?: Credential;
  readonly trust?: RegistryTrust;
  /** Where proxies are named; none by default. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where spools and caches are, for several rigs of one installation; removed by its owner. */
  readonly folder?: string | undefined;
}

function openEndpoint(): RelayEndpoint {
  const secret = randomBytes(32).toString('hex');
  return new RelayEndpoint({ port: 0, secret, onPort: () => undefined, logger: silentLogger });
}

export async function makeRig(options: RigOptions): Promise<PushRig> {
  const scratch =
    options.folder === undefined
      ? await makeScratch('push-rig')
      : { path: options.folder, remove: () => Promise.resolve() };
  const engine = new EngineClient(
    options.endpoint ??
      parseEndpoint(options.engine.host, { source: 'the test', platform: process.platform, tls: undefined }),
  );
  const client = connect(options);
  const pusher = engine.pusher();
  const relay = pusher && { pusher, endpoint: openEndpoint(), reachability: new Reachability(() => performance.now()) };
  let caches = 0;
  const newCache = (): DigestCache =>
    new DigestCache(join(scratch.path, `digests-${++caches}.json`), silentLogger, Date.now);
  let cache = newCache();
  const uploads = new UploadsInFlight();
  const spoolRoot = join(scratch.path, 'spool');
  return {
    spoolRoot,
    pusher,
    closeSessions: (repository, sessions) =>
      client.closeSessions(repository, sessions, { signal: AbortSignal.timeout(20_000) }),
    push: async (pushed, target, { codec, strategy, signal, onEvent, spoolRoot: otherRoot, sessions, ...how } = {}) => {
      const [name = '', tag = ''] = target.split(':');
      const ownSignal = signal ?? new AbortController().signal;
      const repository = await client.repository(name, { signal: ownSignal, sessions });
      const { origin, host } = client.address;
      // Of a push that fails before there is such an image, nothing is expected.
      const image = await engine.inspect(pushed, { signal: new AbortController().signal }).catch(() => undefined);
      const result = await pushImage(
        {
          image: pushed,
          origin,
          repository: `${host}/${name}`,
          tag,
          codec: codec ?? options.codec,
          strategy,
          recheck: how.recheck === true,
          parallelBlobs: 3,
        },
        {
          source: engine,
          target: repository,
          cache,
          uploads,
          spoolRoot: otherRoot ?? spoolRoot,
          spoolLimit: 1e9,
          // Other tests are about exports.
          relay: strategy === 'relay' || how.isNear === true ? relay : undefined,
          logger: silentLogger,
          now: () => performance.now(),
        },
        { signal: ownSignal, onEvent: onEvent ?? (() => undefined) },
      );
      if (how.isCheckedByCaller === true) return result;
      const { digest } = result;
      await checkPublished(`${options.readAt ?? host}/${target}`, {
        digest,
        diffIds: image?.diffIds ?? [],
        credentials: options.credential,
      });
      return result;
    },
    pushAll: async (pairs, { codec = options.codec, isNear, signal, onEvent, onOpened } = {}) => {
      const ownSignal = signal ?? new AbortController().signal;
      const { origin, host } = client.address;
      const images = pairs.map(([image, target]) => {
        const [name = '', tag = ''] = target.split(':');
        const request = { image, origin, repository: `${host}/${name}`, tag, codec, parallelBlobs: 3 };
        const open = async (): Promise<OpenedPush> => {
          const repository = await client.repository(name, { signal: ownSignal });
          onOpened?.(repository);
          return { request, target: repository, ...(isNear === true && { relay }) };
        };
        return { origin, reference: `${host}/${target}`, open };
      });
      const parts = { source: engine, cache, uploads, spoolRoot, spoolLimit: 1e9, logger: silentLogger };
      const onEach = onEvent ?? ((): undefined => undefined);
      return await pushImages(
        images,
        { ...parts, now: () => performance.now() },
        { signal: ownSignal, onEvent: onEach },
      );
    },
    plan: async (image, target, { codec = options.codec, strategy, isNear } = {}) => {
      const [name = '', tag = ''] = target.split(':');
      const { origin, host } = client.address;
      const request = { image, origin, repository: `${host}/${name}`, tag, codec, strategy, parallelBlobs: 3 };
      const { signal } = new AbortController();
      const open = async (): Promise<OpenedPlan> => ({
        request,
        target: await client.repository(name, { signal }),
        relay: strategy === 'relay' || isNear === true ? relay : undefined,
        findRepository: (other, call) => client.repository(other, call),
      });
      const { images } = await planPush(
        [{ origin, reference: `${host}/${target}`, open }],
        {
          ...{ source: engine, cache, logger: silentLogger, linkRate: () => undefined },
          readHistory: (id, call) => engine.history(id, call),
        },
        { signal },
      );
      const [planned] = images;
      if (planned?.kind !== 'planned') throw planned?.error ?? new Error('the image has no plan');
      return planned;
    },
    clearCache: () => {
      cache = newCache();
    },
    leftovers: () => readdir(spoolRoot).catch(() => []),
    close: async () => {
      engine.dispose();
      await client.close();
      await scratch.remove();
    },
  };
}

function connect({ url, credential, trust, environment }: RigOptions): RegistryClient {
  return createRegistryClient({
    address: parseRegistryAddress(url),
    trust: trust ?? { allowHttp: true },
    proxy: { url: undefined, bypass: [] },
    credential: () => Promise.resolve(credential),
    logger: silentLogger,
    chunkMemory: new Map(),
    readConnectionTimes: process.platform === 'linux' ? linuxConnectionTimes() : undefined,
    environment: environment ?? {},
    userAgent: 'tea-chest-test',
    // Waits between tries are as many as in the product, and a hundred times shorter.
    timing: { now: Date.now, random: Math.random, sleep: (ms, signal) => sleep(ms / 100, signal) },
  });
}
