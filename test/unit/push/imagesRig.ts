import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf, type Digest } from '../../../src/core/oci/digest.ts';
import type { CallOptions } from '../../../src/core/ports/callOptions.ts';
import type { ArchiveItem, ExportOptions, ImageDetails, ImageSource } from '../../../src/core/ports/imageSource.ts';
import { DigestCache } from '../../../src/core/digestCache/digestCache.ts';
import type { ImageOutcome, ImagesEvent } from '../../../src/core/push/imagesEvents.ts';
import { pushImages } from '../../../src/core/push/pushImages.ts';
import type { PushResult } from '../../../src/core/push/pushEvents.ts';
import { UploadsInFlight } from '../../../src/core/push/uploadsInFlight.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakeEngine, FakeRepository, plainGzip, type FakeLayer } from './fakes.ts';

export interface ImageSpec {
  readonly name: string;
  readonly layers: readonly FakeLayer[];
}

/** An engine with several images, which it exports in one archive with each layer once. */
class FakeImages implements ImageSource {
  readonly exports: (readonly Digest[])[] = [];
  mostInspections = 0;
  isGone = false;
  onInspect: () => void = () => undefined;
  /** Called with the IDs of each export; may throw. */
  onExport: (ids: readonly Digest[]) => void = () => undefined;
  readonly #engines: ReadonlyMap<string, FakeEngine>;
  readonly #layers = new Map<Digest, FakeLayer>();
  readonly #read: Digest[] = [];
  #inspections = 0;

  constructor(images: readonly ImageSpec[]) {
    this.#engines = new Map(images.map(({ name, layers }) => [name, new FakeEngine(layers)]));
    for (const { layers } of images) for (const layer of layers) this.#layers.set(digestOf(layer.bytes), layer);
  }

  idOf(name: string): Digest {
    return this.#engine(name).details.id;
  }

  diffIdsOf(name: string): readonly Digest[] {
    return this.#engine(name).details.diffIds;
  }

  /** How often a layer was read. */
  readOf({ bytes }: FakeLayer): number {
    return this.#read.filter((digest) => digest === digestOf(bytes)).length;
  }

  async inspect(image: string, _call?: CallOptions): Promise<ImageDetails> {
    this.onInspect();
    if (this.isGone) throw new TeaChestError('engineStopped', 'The engine is gone.', { stage: 'engine' });
    this.mostInspections = Math.max(this.mostInspections, ++this.#inspections);
    await new Promise(setImmediate);
    this.#inspections--;
    return this.#engine(image).details;
  }

  async *exportImages(
    images: readonly ImageDetails[],
    { signal, onReceived }: ExportOptions,
  ): AsyncGenerator<ArchiveItem> {
    const ids = images.map(({ id }) => id);
    this.exports.push(ids);
    this.onExport(ids);
    await new Promise(setImmediate);
    let received = 0;
    for (const diffId of new Set(images.flatMap(({ diffIds }) => diffIds))) {
      const layer = this.#layers.get(diffId) ?? assert.fail();
      const bytes = layer.sent ?? layer.bytes;
      const expectedDiffId = layer.named === false ? undefined : diffId;
      yield {
        kind: 'layer',
        path: diffId,
        size: bytes.byteLength,
        expectedDiffId,
        body: this.#body(diffId, bytes, signal),
      };
      received += bytes.byteLength;
      onReceived(received);
    }
    for (const { id, diffIds } of images) {
      yield { kind: 'image', id, config: this.#engine(id).config, layers: diffIds };
    }
  }

  exportBlobs(): never {
    throw new Error('this engine stores no blobs');
  }

  async *#body(diffId: Digest, bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#read.push(diffId);
    for (let at = 0; at < bytes.byteLength; at += 65536) {
      signal.throwIfAborted();
      yield bytes.subarray(at, at + 65536);
    }
  }

  #engine(image: string): FakeEngine {
    const named = this.#engines.get(image);
    const found = named ?? [...this.#engines.values()].find(({ details }) => details.id === image);
    if (found !== undefined) return found;
    throw new TeaChestError('imageNotFound', `The engine has no image ${image}.`);
  }
}

/** The repositories of one registry. Each can mount what another has. */
class FakeRegistry {
  canMount = true;
  onCall: (repository: string, call: string, tag?: string) => void = () => undefined;
  readonly #repositories = new Map<string, FakeRepository>();
  readonly #uploaded: Digest[] = [];

  repository(name: string): FakeRepository {
    const known = this.#repositories.get(name);
    if (known !== undefined) return known;
    const repository = new FakeRepository(name);
    this.#repositories.set(name, repository);
    const putManifest = repository.putManifest.bind(repository);
    repository.putManifest = async (tag, bytes) => {
      this.onCall(name, 'putManifest', tag);
      const digest = await putManifest(tag, bytes);
      repository.manifests.set(digest, Buffer.from(bytes));
      return digest;
    };
    const uploadBlob = repository.uploadBlob.bind(repository);
    repository.uploadBlob = async (source, options) => {
      await uploadBlob(source, options);
      this.#uploaded.push(source.replayable ? (await source.finished).digest : source.digest);
    };
    repository.onCall = (call) => {
      if (/^(mountBlob|openSession)/.test(call) && this.canMount) {
        for (const other of this.#repositories.values()) {
          for (const [digest, bytes] of other.blobs) repository.elsewhere.set(digest, bytes);
        }
      }
      if (call !== 'putManifest') this.onCall(name, call);
    };
    return repository;
  }

  get all(): readonly FakeRepository[] {
    return [...this.#repositories.values()];
  }

  get sentBytes(): number {
    return this.all.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  }

  distinctBytes(): number {
    const blobs = new Map(this.all.flatMap((repository) => [...repository.blobs]));
    return [...blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  callsOf(name: string): readonly string[] {
    return this.repository(name).calls;
  }

  /** How often a layer was uploaded, compressed. */
  uploadsOf({ bytes }: FakeLayer): number {
    const blob = digestOf(gzipSync(bytes, { level: 1 }));
    return this.#uploaded.filter((digest) => digest === blob).length;
  }
}

/** A pair of an image's name and its target, or a target alone: then the image has the same name and tag. */
type Pair = string | readonly [string, string];

interface PushOptions {
  readonly signal?: AbortSignal;
  /** By target. */
  readonly signals?: Readonly<Record<string, AbortSignal>>;
  readonly onEvent?: (event: ImagesEvent) => void;
  readonly onOutcome?: (index: number, outcome: ImageOutcome) => void;
}

/** Pushes of several images of a fake engine to fake registries, with a real spool and a real digest cache. */
export class ImagesRig {
  engine = new FakeImages([]);
  registry = new FakeRegistry();
  /** A second registry: its targets begin with `other!`. */
  other = new FakeRegistry();
  events: ImagesEvent[] = [];
  #cache!: DigestCache;
  /** As in a window: of all pushes. */
  readonly #uploads = new UploadsInFlight();
  #folder = '';
  #resets = 0;

  async setUp(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tea-chest-images-'));
  }

  reset(images: readonly ImageSpec[]): void {
    this.engine = new FakeImages(images);
    this.registry = new FakeRegistry();
    this.other = new FakeRegistry();
    this.events = [];
    this.#cache = new DigestCache(join(this.#folder, `cache-${++this.#resets}.json`), silentLogger, () => 0);
  }

  readonly pairOf = (pair: Pair): readonly [string, string] =>
    typeof pair === 'string' ? [pair.slice(pair.indexOf('/') + 1), pair] : pair;

  async push(
    pairs: readonly Pair[],
    { signal, signals = {}, onEvent, onOutcome }: PushOptions = {},
  ): Promise<readonly ImageOutcome[]> {
    return await pushImages(
      pairs.map(this.pairOf).map(([image, target]) => {
        const { registry, host, repository, tag } = this.#locate(target);
        const origin = `https://${host}`;
        const request = {
          ...{ image, origin, repository: `${host}/${repository}`, tag, codec: plainGzip, parallelBlobs: 2 },
        };
        return {
          ...{ origin, reference: `${host}/${repository}:${tag}`, signal: signals[target] },
          open: () => Promise.resolve({ request, target: registry.repository(repository) }),
        };
      }),
      {
        source: this.engine,
        cache: this.#cache,
        uploads: this.#uploads,
        spoolRoot: this.#spoolRoot,
        spoolLimit: 1e9,
        logger: silentLogger,
        now: Date.now,
      },
      {
        signal: signal ?? new AbortController().signal,
        onEvent: (event) => {
          this.events.push(event);
          onEvent?.(event);
        },
        ...(onOutcome !== undefined && { onOutcome }),
      },
    );
  }

  /** The results, if all are pushed. */
  async pushed(pairs: readonly Pair[]): Promise<readonly PushResult[]> {
    return (await this.push(pairs)).map((outcome) =>
      outcome.kind === 'pushed' ? outcome.result : assert.fail(outcome.error),
    );
  }

  codesOf(outcomes: readonly ImageOutcome[]): readonly string[] {
    return outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.error.code : 'pushed'));
  }

  assertPulled(pairs: readonly Pair[]): void {
    for (const [image, target] of pairs.map(this.pairOf)) {
      const { registry, repository, tag } = this.#locate(target);
      const layers = registry.repository(repository).pull(tag).layers.map(digestOf);
      assert.deepEqual(layers, this.engine.diffIdsOf(image), target);
    }
  }

  async assertNothingLeft(): Promise<void> {
    for (const { repository, openSessions } of [...this.registry.all, ...this.other.all]) {
      assert.equal(openSessions, 0, `an upload session of ${repository} stayed open`);
    }
    assert.deepEqual(await readdir(this.#spoolRoot).catch(() => []), [], 'the spool was not cleaned');
  }

  async tearDown(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  #locate(target: string): { registry: FakeRegistry; host: string; repository: string; tag: string } {
    const isOther = target.startsWith('other!');
    const [repository = '', tag = ''] = target.replace('other!', '').split(':');
    return {
      ...{ registry: isOther ? this.other : this.registry, host: isOther ? 'other.test' : 'gitea.test' },
      ...{ repository, tag },
    };
  }

  get #spoolRoot(): string {
    return join(this.#folder, 'spool');
  }
}
