import * as l10n from '@vscode/l10n';
import type { CallOptions } from '../../ports/callOptions.ts';
import Docker from 'dockerode';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ImageDescription } from '../../oci/imageDescription.ts';
import type { Platform } from '../../oci/platform.ts';
import { describeEndpoint } from '../endpoint/describeEndpoint.ts';
import { readArchive } from '../archive/readArchive.ts';
import { readBlobs } from '../archive/readBlobs.ts';
import { connectReading, EngineAgent, hostHeader } from './engineConnections.ts';
import { explainEngineError } from './engineErrors.ts';
import { countBytes } from './countBytes.ts';
import { DockerHttp } from './dockerHttp.ts';
import { dial, imagePath, inspectImage, mayHideItsStore, notFound, refusesZstd, exportPath } from './imageRequests.ts';
import { DockerPuller } from './dockerPuller.ts';
import { DockerPusher } from './dockerPusher.ts';
import { readVersion } from './readVersion.ts';
import { receiveBody } from './receiveBody.ts';
import { readArtifactType } from '../images/artifactType.ts';
import { describeEngineImage } from '../images/describeEngineImage.ts';
import { readHistory } from '../images/imageHistory.ts';
import { toImageDetails } from '../images/imageRecords.ts';
import { describeManifestList } from '../images/manifestList.ts';
import { InspectedFacts, inspectForFacts } from '../images/inspectedFacts.ts';
import { listEngineImages, podmanPrefix, type EngineGet } from '../images/listEngineImages.ts';
import { parseEvents } from '../images/imageEvents.ts';
import { isolationOf, whyNoPush } from './pushFromEndpoint.ts';
import { ReceiveBuffers } from './receiveBuffers.ts';
import { withOwningGroup } from './socketPermission.ts';
import type { EngineEndpoint, EngineEvent, EngineImage, EngineVersion } from '../types.ts';
import type {
  ArchiveBlob,
  ArchiveItem,
  ExportBlobsOptions,
  ExportOptions,
  ImageDetails,
  ImageSource,
  ImageStep,
} from '../../ports/imageSource.ts';

interface EngineOptions {
  readonly timeoutMs?: number;
  /** Logs unusable parts of the engine's responses. */
  readonly logger?: Pick<Logger, 'warn'>;
}

/** Reads the items of an export; `onConsumed` gets the position before which no byte is needed any more. */
type ReadItems<T> = (
  bytes: AsyncIterable<Uint8Array>,
  onConsumed: (position: number) => void,
) => AsyncGenerator<T, void, void>;

/** An engine that sends nothing for so long hangs: it responds in milliseconds, with a large list in seconds. */
const defaultTimeoutMs = 20_000;

/**
 * A container engine with docker's API. On a local socket it holds no idle connection; `dispose` closes those to remote
 * engines. Every method rejects with a TeaChestError: `engineNotFound`, `engineStopped`, `enginePermission` (facts: path,
 * group), `engineLost`, `engineEndpointInvalid`, `engineFailed` (facts: status, message), `cancelled`. If the error has no
 * stage, the caller adds one.
 */
export class Engine implements ImageSource {
  readonly endpoint: EngineEndpoint;
  /** One for all pushes: it caches which image store the engine has. */
  #pusher: DockerPusher | undefined;
  readonly #agent: EngineAgent;
  readonly #timeoutMs: number;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  readonly #facts: InspectedFacts;
  readonly #warnings = new Set<string>();
  #version: EngineVersion | undefined;

  /** `timeoutMs`: without a byte for so long, any call but an export, a push or events fails. */
  constructor(endpoint: EngineEndpoint, { timeoutMs = defaultTimeoutMs, logger }: EngineOptions = {}) {
    this.endpoint = endpoint;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    this.#agent = new EngineAgent(endpoint.address);
    this.#facts = new InspectedFacts({
      inspect: async (image, signal) => {
        const version = this.#version ?? (await this.version({ signal }));
        const inspect = (name: string): Promise<unknown> => this.#inspect(name, signal);
        return await inspectForFacts({ inspect, get: this.#getter(signal, version) }, version, image);
      },
      artifactType: ({ id }, signal) => this.#artifactType(id, signal),
    });
  }

  /** Not cached: it also serves to check that the engine is there. */
  async version({ signal }: CallOptions): Promise<EngineVersion> {
    const answer = await this.#call<unknown>(signal, '', (docker) => docker.version());
    this.#version = readVersion(answer);
    return this.#version;
  }

  /** `Docker 28.5.2 · context colima`; without the version before the first call. */
  get description(): string {
    const { product = '', version = '' } = this.#version ?? {};
    // Without the suffix of a distribution: `20.10.24+dfsg1`.
    const name = `${product} ${version.split('+')[0] ?? ''}`.trim();
    return [name, describeEndpoint(this.endpoint)].filter((part) => part !== '').join(' · ');
  }

  /**
   * Tagged and dangling images, not intermediate ones, and the containers that use them: two requests. Those that
   * `platformsOf` was called for have `platforms`.
   */
  async listImages({ signal }: CallOptions): Promise<readonly EngineImage[]> {
    const version = this.#version ?? (await this.version({ signal }));
    const images = await listEngineImages(this.#getter(signal, version), version, { warn: this.#warnOnce });
    // Elsewhere each request takes a round trip, so images without a date stay without an order there.
    return await this.#facts.addTo(images, { signal, asks: this.endpoint.address.kind === 'socket' });
  }

  /** Each image is inspected once, because an ID never changes its platforms. */
  async platformsOf(
    image: Pick<EngineImage, 'id' | 'references'>,
    { signal }: CallOptions,
  ): Promise<readonly Platform[]> {
    return await this.#facts.platformsOf(image, signal);
  }

  async #artifactType(id: string, outer: AbortSignal): Promise<string | undefined> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const memory = new ReceiveBuffers();
    try {
      const bytes = this.#export(`${await this.#prefix(signal)}/images/${imagePath(id)}/get`, memory, signal);
      return await readArtifactType(bytes, id, (position) => {
        memory.consumed(position);
      });
    } finally {
      stop.abort();
    }
  }

  #getter(signal: AbortSignal, { api }: EngineVersion): EngineGet {
    return async (path, { query = {}, prefix = `/v${api}` } = {}) =>
      await this.#call(signal, prefix, (_docker, http) => dial(http, path, query));
  }

  /** A list is read again and again, and its odd records stay what they are. */
  readonly #warnOnce = (message: string): void => {
    if (!this.#warnings.has(message)) this.#logger?.warn(message);
    this.#warnings.add(message);
  };

  /**
   * Changes of images from now on; begins with `connected`. Ends when the engine closes the stream, throws `engineLost` if
   * it breaks. The caller has to reconnect.
   */
  async *events({ signal }: CallOptions): AsyncGenerator<EngineEvent, void, void> {
    const prefix = await this.#prefix(signal);
    const stream = await this.#call(
      signal,
      prefix,
      (docker) => docker.getEvents({ filters: { type: ['image'] } }),
      Infinity,
    );
    yield { action: 'connected', image: undefined };
    yield* parseEvents(this.#received(stream, signal, 'engine'));
  }

  /** Rejects with `imageNotFound` (facts: image), or with `referenceInvalid` if `image` is not a name. */
  async inspect(image: string, { signal }: CallOptions): Promise<ImageDetails> {
    const details = toImageDetails(await this.#inspect(image, signal));
    if (this.#version?.product === 'Podman' && !isDigest(image)) {
      return { ...details, ...(await this.#manifestList(image, signal)) };
    }
    if (details.storesBlobs !== undefined || !mayHideItsStore(await this.#prefix(signal))) return details;
    return { ...details, storesBlobs: (await this.#imageStore(signal)) === 'containerd' };
  }

  /** Settings and layers, of one platform of an index. Exports nothing. */
  async describe(
    image: ImageDetails,
    { signal, platform }: CallOptions & { readonly platform?: string | undefined },
  ): Promise<ImageDescription> {
    const version = this.#version ?? (await this.version({ signal }));
    try {
      return await describeEngineImage(this.#getter(signal, version), version, image, platform);
    } catch (error) {
      throw notFound(error, image.references[0] ?? image.id, 'inspect');
    }
  }

  /** The steps of an image's build, oldest first. Of an index, those of the platform that the engine runs on. */
  async history(image: Digest, { signal }: CallOptions): Promise<readonly ImageStep[]> {
    const prefix = await this.#prefix(signal);
    return readHistory(await this.#call<unknown>(signal, prefix, (docker) => docker.getImage(image).history()));
  }

  async #manifestList(image: string, signal: AbortSignal): ReturnType<typeof describeManifestList> {
    const version = this.#version ?? (await this.version({ signal }));
    const inspect = async (name: string): Promise<ImageDetails> => toImageDetails(await this.#inspect(name, signal));
    return await describeManifestList(image, this.#getter(signal, version), inspect);
  }

  async #inspect(image: string, signal: AbortSignal): Promise<unknown> {
    const name = imagePath(image);
    const prefix = await this.#prefix(signal);
    try {
      return await this.#call(signal, prefix, (docker, http) => inspectImage(docker, http, name, prefix));
    } catch (error) {
      throw notFound(error, image, 'inspect');
    }
  }

  /** Streams the archive of the images in constant memory. Leaving the loop closes the stream. */
  async *exportImages(
    images: readonly ImageDetails[],
    options: ExportOptions,
  ): AsyncGenerator<ArchiveItem, void, void> {
    const read: ReadItems<ArchiveItem> = (bytes, onConsumed) => readArchive(bytes, images, onConsumed);
    const [only, ...others] = images;
    try {
      yield* this.#readExport(images, options, { path: exportPath(images) }, read);
    } catch (error) {
      if (!refusesZstd(error) || only === undefined || others.length > 0) throw error;
      const path = `/libpod/images/${imagePath(only.id)}/get?format=oci-archive`;
      yield* this.#readExport(images, options, { prefix: podmanPrefix, path }, read);
    }
  }

  /** The same for the blobs of an image of containerd's store. */
  exportBlobs(
    image: ImageDetails,
    { platform, ...options }: ExportBlobsOptions,
  ): AsyncGenerator<ArchiveBlob, void, void> {
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(JSON.stringify(platform))}`;
    return this.#readExport([image], options, { path: `${exportPath([image])}${query}` }, readBlobs);
  }

  async *#readExport<T>(
    images: readonly ImageDetails[],
    { signal: outer, onReceived }: ExportOptions,
    { path, prefix }: { readonly path: string; readonly prefix?: string },
    readItems: ReadItems<T>,
  ): AsyncGenerator<T, void, void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    try {
      const memory = new ReceiveBuffers();
      const onConsumed = (position: number): void => {
        memory.consumed(position);
      };
      const bytes = this.#export(`${prefix ?? (await this.#prefix(signal))}${path}`, memory, signal);
      for await (const item of readItems(countBytes(bytes, onReceived), onConsumed)) {
        yield item;
        // A small archive has arrived whole before a cancel, which then breaks no connection.
        throwIfCancelled(outer);
      }
    } catch (error) {
      throw await this.#explainExport(error, images, outer);
    } finally {
      stop.abort();
    }
  }

  /** Asked once, and only of engines whose `inspect` does not show it. */
  #imageStore(signal: AbortSignal): Promise<'classic' | 'containerd'> {
    return this.#dockerPusher().store({ signal });
  }

  /** Undefined for an engine that is not at a local socket: see `whyNoPusher`. */
  pusher(): DockerPusher | undefined {
    if (this.whyNoPusher() !== undefined) return undefined;
    return this.#dockerPusher();
  }

  #dockerPusher(): DockerPusher {
    return (this.#pusher ??= new DockerPusher(
      { id: this.endpoint.url, isolation: isolationOf(this.endpoint) },
      async (signal, use, timeoutMs) => this.#call(signal, await this.#prefix(signal), use, timeoutMs),
      (error, signal) => explainEngineError(error, this.endpoint, signal),
    ));
  }

  /** The calls by which images are pulled. */
  puller(): DockerPuller {
    return new DockerPuller({
      endpoint: this.endpoint,
      pusher: this.#dockerPusher(),
      version: async (call) => this.#version ?? (await this.version(call)),
      inspect: (image, call) => this.inspect(image, call),
      call: async (signal, use, timeoutMs, prefix) =>
        this.#call(signal, prefix ?? (await this.#prefix(signal)), use, timeoutMs),
      explain: (error, signal) => explainEngineError(error, this.endpoint, signal),
    });
  }

  /** Why the engine is not asked to push to this machine's loopback, as a sentence. */
  whyNoPusher(): string | undefined {
    return whyNoPush(this.endpoint);
  }

  /** Docker 20.10 answers an export of a removed image with 500 and the path of a missing file: so the engine is asked again by inspect. */
  async #explainExport(error: unknown, images: readonly ImageDetails[], signal: AbortSignal): Promise<TeaChestError> {
    const [only, ...others] = images;
    // Of several images each is exported by itself after this, and then explained.
    if (only === undefined || others.length > 0) return toTeaChestError(error, 'export');
    const name = only.references[0] ?? only.id;
    const explained = notFound(error, name, 'export');
    if (explained.code !== 'engineFailed') return explained;
    const removed = await this.inspect(only.id, { signal }).then(
      () => undefined,
      (later: unknown) => (later instanceof TeaChestError && later.code === 'imageNotFound' ? later : undefined),
    );
    if (removed === undefined) return explained;
    const sentence = l10n.t`The image “${name}” is gone from the container engine; it was removed meanwhile.`;
    return new TeaChestError('imageNotFound', sentence, { stage: 'export', cause: error, facts: { image: name } });
  }

  /** Keeps no idle connection from now on. Running and new calls work as before. */
  retire(): void {
    this.#agent.retire();
  }

  dispose(): void {
    this.#agent.destroy();
  }

  async #prefix(signal: AbortSignal): Promise<string> {
    const { api } = this.#version ?? (await this.version({ signal }));
    return `/v${api}`;
  }

  /** Has no timeout: a classic engine writes the whole image to its disk before the first byte. */
  async *#export(path: string, memory: ReceiveBuffers, signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
    const { address } = this.endpoint;
    try {
      yield* receiveBody(
        (onBytes) => connectReading(address, onBytes),
        { host: hostHeader(address), path, memory },
        signal,
      );
    } catch (error) {
      throw (await withOwningGroup(explainEngineError(error, this.endpoint, signal))).at('export');
    }
  }

  async #call<T>(
    signal: AbortSignal,
    prefix: string,
    use: (docker: Docker, http: DockerHttp) => Promise<T>,
    timeoutMs = this.#timeoutMs,
  ): Promise<T> {
    const explain = (error: unknown): TeaChestError => explainEngineError(error, this.endpoint, signal);
    const host = hostHeader(this.endpoint.address);
    const http = new DockerHttp({ agent: this.#agent, host, prefix, signal, timeoutMs, explain });
    const options: object = { modem: http };
    try {
      return await use(new Docker(options), http);
    } catch (error) {
      throw await withOwningGroup(explain(error));
    }
  }

  async *#received(
    stream: NodeJS.ReadableStream,
    signal: AbortSignal,
    stage: Stage,
  ): AsyncGenerator<Buffer, void, void> {
    try {
      yield* stream as AsyncIterable<Buffer>;
    } catch (error) {
      throw explainEngineError(error, this.endpoint, signal).at(stage);
    }
  }
}
