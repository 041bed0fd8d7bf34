import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import type { LayerCodec } from '../../../src/core/ports/layerCodec.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { PushEvent, PushResult } from '../../../src/core/push/pushEvents.ts';
import { pushImage } from '../../../src/core/push/pushImage.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeRepository, plainGzip, someLayer, type FakeEngine } from './fakes.ts';

/** An image's layers that most stories need no others than. */
export const layers = [someLayer(1, 300_000), someLayer(2, 50_000), someLayer(3, 1_000)].map((bytes) => ({ bytes }));

export interface PushOptions {
  readonly tag?: string;
  readonly codec?: LayerCodec;
  readonly signal?: AbortSignal;
  readonly image?: string;
  readonly spoolRoot?: string;
  readonly recheck?: boolean;
  readonly platform?: string;
  readonly isCodecRequired?: boolean;
}

/** Pushes of fake engines to a fake repository, with a real spool and a real digest cache. */
export class PushRig {
  registry = new FakeRepository();
  readonly uploads = new UploadsInFlight();
  cache!: DigestCache;
  events: PushEvent[] = [];
  folder = '';
  #caches = 0;

  async setUp(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'tea-chest-push-'));
  }

  /** An empty registry and an empty digest cache. */
  reset(): void {
    this.registry = new FakeRepository();
    this.clearCache();
    this.events = [];
  }

  /** Replaces the digest cache by an empty one. */
  clearCache(): void {
    this.cache = this.openCache(`cache-${++this.#caches}.json`);
  }

  openCache(name: string): DigestCache {
    return new DigestCache(join(this.folder, name), silentLogger, () => 0);
  }

  async push(engine: FakeEngine, options: PushOptions = {}): Promise<PushResult> {
    return await pushImage(
      {
        image: options.image ?? 'app:1',
        origin: 'https://gitea.test',
        repository: 'gitea.test/dev/app',
        tag: options.tag ?? '1',
        codec: options.codec ?? plainGzip,
        parallelBlobs: 2,
        recheck: options.recheck === true,
        platform: options.platform,
        isCodecRequired: options.isCodecRequired === true,
      },
      {
        source: engine,
        target: this.registry,
        cache: this.cache,
        uploads: this.uploads,
        spoolRoot: options.spoolRoot ?? this.#spoolRoot,
        spoolLimit: 1e6,
        logger: silentLogger,
        now: Date.now,
      },
      { signal: options.signal ?? new AbortController().signal, onEvent: (event) => this.events.push(event) },
    );
  }

  async failure(engine: FakeEngine, options: PushOptions = {}): Promise<TeaChestError> {
    const error: unknown = await this.push(engine, options).then(
      () => assert.fail('the push should have failed'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof TeaChestError, String(error));
    return error;
  }

  async assertNothingLeft(): Promise<void> {
    assert.equal(this.registry.openSessions, 0, 'an upload session stayed open');
    assert.deepEqual(await readdir(this.#spoolRoot).catch(() => []), [], 'the spool was not cleaned');
  }

  async tearDown(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  get #spoolRoot(): string {
    return join(this.folder, 'spool');
  }
}
