import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/mediaTypes.ts';
import type { LayerCodec } from '../../../../src/core/ports/layerCodec.ts';
import { DigestCache } from '../../../../src/core/digestCache/digestCache.ts';
import type { PushEvent, PushResult } from '../../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../../src/core/push/uploadsInFlight.ts';
import { Reachability } from '../../../../src/core/relay/reachability.ts';
import { RelayEndpoint } from '../../../../src/core/relay/relayEndpoint.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, plainGzip } from '../fakes.ts';
import { FakePusher } from '../../relay/fakePusher.ts';

export const layers = [400_000, 300_000, 2_000].map((size) => ({ bytes: randomBytes(size) }));
export const changed = [...layers.slice(0, 2), { bytes: randomBytes(5_000) }];

/** Bytes of a blob are being sent to the registry. */
export const isSending = (call: string): boolean => call === 'chunk' || call === 'streamed';

export interface Machine {
  readonly engine: FakeEngine;
  readonly pusher: FakePusher;
}

/** `loaded`: containerd's store, which has the first layer uncompressed. */
export type Store = 'classic' | 'containerd' | 'loaded';

export function machine(bytes: readonly { readonly bytes: Buffer }[], store: Store = 'classic'): Machine {
  const engine = new FakeEngine(bytes);
  const layers = bytes.map((layer) => layer.bytes);
  if (store === 'classic') return { engine, pusher: new FakePusher({ layers, config: engine.config }, store) };
  const uncompressed = store === 'loaded' ? [0] : [];
  const pusher = new FakePusher({ layers, config: engine.config, uncompressed }, 'containerd');
  const id = digestOf(pusher.storedManifest());
  Object.assign(engine.details, { id, storesBlobs: true, manifestType: mediaTypes.dockerManifest });
  engine.stored = [...pusher.storedBlobs(), engine.config, pusher.storedManifest()];
  return { engine, pusher };
}

export interface RelayPushOptions {
  readonly tag?: string;
  readonly strategy?: 'auto' | 'export' | 'relay';
  readonly codec?: LayerCodec;
  readonly isCodecRequired?: boolean;
  readonly recheck?: boolean;
  readonly signal?: AbortSignal;
  /** False: the engine cannot push to us, as one that is reached by tcp. */
  readonly isNear?: boolean;
}

/** Pushes by fake engines, through a real endpoint and a real spool, to a fake repository. */
export class RelayRig {
  readonly folder: string;
  registry!: FakeRepository;
  cache!: DigestCache;
  endpoint!: RelayEndpoint;
  reachability!: Reachability;
  events: PushEvent[] = [];
  readonly uploads = new UploadsInFlight();
  /** Milliseconds. */
  clock = 0;

  static async create(): Promise<RelayRig> {
    return new RelayRig(await mkdtemp(join(tmpdir(), 'tea-chest-relay-')));
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.reset();
  }

  /** A registry that has nothing, on a machine that knows nothing. */
  reset(): void {
    this.clock = 0;
    this.registry = new FakeRepository();
    this.cache = new DigestCache(join(this.folder, `cache-${Math.random()}.json`), silentLogger, () => 0);
    this.endpoint = new RelayEndpoint({ port: 0, secret: 'secret', onPort: () => undefined, logger: silentLogger });
    this.reachability = new Reachability(() => this.clock);
    this.events = [];
  }

  async push({ engine, pusher }: Machine, options: RelayPushOptions = {}): Promise<PushResult> {
    const { strategy: wanted = 'relay', codec = plainGzip, isCodecRequired = false } = options;
    const { registry, cache, endpoint, reachability } = this;
    const strategy = wanted === 'auto' ? undefined : wanted;
    return await pushImage(
      {
        ...{ image: 'app:1', origin: 'https://gitea.test', repository: 'gitea.test/dev/app' },
        ...{ tag: options.tag ?? '1', codec, isCodecRequired, parallelBlobs: 2, strategy },
        recheck: options.recheck === true,
      },
      {
        ...{
          source: engine,
          target: registry,
          cache,
          uploads: this.uploads,
          spoolRoot: this.#spoolRoot,
          spoolLimit: 1e6,
        },
        ...{ logger: silentLogger, now: Date.now },
        ...(options.isNear === false ? {} : { relay: { pusher, endpoint, reachability } }),
      },
      { signal: options.signal ?? new AbortController().signal, onEvent: (event) => this.events.push(event) },
    );
  }

  async failure(here: Machine, options: RelayPushOptions = {}): Promise<TeaChestError> {
    const error: unknown = await this.push(here, options).then(
      () => assert.fail('the push should have failed'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof TeaChestError, String(error));
    return error;
  }

  async assertNothingLeft({ pusher }: Machine): Promise<void> {
    assert.deepEqual([...pusher.tags], [], 'a temporary name was left');
    assert.equal(this.registry.openSessions, 0, 'an upload session stayed open');
    assert.deepEqual(await readdir(this.#spoolRoot).catch(() => []), [], 'the spool was not cleaned');
  }

  /** The uncompressed layers behind a tag. */
  pulledLayers(tag: string): Buffer[] {
    return this.registry.pull(tag).layers;
  }

  /** The manifest's bytes. */
  published(tag: string): Buffer {
    return this.registry.manifests.get(tag) ?? assert.fail(`nothing was published as ${tag}`);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  get #spoolRoot(): string {
    return join(this.folder, 'spool');
  }
}
