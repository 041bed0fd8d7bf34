import type { CallOptions } from '../../ports/callOptions.ts';
import Docker, { type ImageInspectInfo } from 'dockerode';
import * as v from 'valibot';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../../base/errors.ts';
import { lenient, listOf, readValue } from '../../base/json.ts';
import type { Logger } from '../../base/logger.ts';
import { parseImageReference } from '../../oci/imageReference.ts';
import type { Platform } from '../../oci/platform.ts';
import { describeEndpoint } from '../endpoint/describeEndpoint.ts';
import { chooseApiVersion } from './chooseApiVersion.ts';
import { readArchive } from '../archive/readArchive.ts';
import { readBlobs } from '../archive/readBlobs.ts';
import { connectReading, EngineAgent, hostHeader } from './engineConnections.ts';
import { explainEngineError } from './engineErrors.ts';
import { DockerHttp } from './dockerHttp.ts';
import { DockerPusher } from './dockerPusher.ts';
import { receiveBody } from './receiveBody.ts';
import { readArtifactType } from '../images/artifactType.ts';
import { toImageDetails } from '../images/imageRecords.ts';
import { InspectedFacts, inspectForFacts } from '../images/inspectedFacts.ts';
import { listEngineImages, type EngineGet } from '../images/listEngineImages.ts';
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
} from '../../ports/imageSource.ts';

const versionAnswer = v.object({
  Version: lenient(v.string()),
  ApiVersion: lenient(v.string()),
  MinAPIVersion: lenient(v.string()),
  /** Docker's `Engine`, podman's `Podman Engine`. */
  Components: listOf(v.object({ Name: v.string() })),
});

interface EngineOptions {
  readonly timeoutMs?: number;
  /** Logs unusable parts of the engine's responses. */
  readonly logger?: Pick<Logger, 'warn'>;
}

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
    const { Version, ApiVersion, MinAPIVersion, Components = [] } = readValue(versionAnswer, answer) ?? {};
    const product = Components.some(({ Name }) => Name.startsWith('Podman')) ? 'Podman' : 'Docker';
    this.#version = { product, version: Version ?? '', api: chooseApiVersion(ApiVersion, MinAPIVersion) };
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
    if (details.storesBlobs !== undefined || !mayHideItsStore(await this.#prefix(signal))) return details;
    return { ...details, storesBlobs: (await this.#imageStore(signal)) === 'containerd' };
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

  /** Streams the image's archive in constant memory. Leaving the loop closes the stream. */
  exportImage(image: ImageDetails, options: ExportOptions): AsyncGenerator<ArchiveItem, void, void> {
    return this.#readExport(image, options, '', (bytes, onConsumed) => readArchive(bytes, image, onConsumed));
  }

  /** The same for the blobs of an image of containerd's store. */
  exportBlobs(
    image: ImageDetails,
    { platform, ...options }: ExportBlobsOptions,
  ): AsyncGenerator<ArchiveBlob, void, void> {
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(JSON.stringify(platform))}`;
    return this.#readExport(image, options, query, readBlobs);
  }

  async *#readExport<T>(
    image: ImageDetails,
    { signal: outer, onReceived }: ExportOptions,
    query: string,
    readItems: (
      bytes: AsyncIterable<Uint8Array>,
      onConsumed: (position: number) => void,
    ) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    try {
      const prefix = await this.#prefix(signal);
      const memory = new ReceiveBuffers();
      const onConsumed = (position: number): void => {
        memory.consumed(position);
      };
      const bytes = this.#export(`${prefix}/images/${imagePath(image.id)}/get${query}`, memory, signal);
      for await (const item of readItems(countBytes(bytes, onReceived), onConsumed)) {
        yield item;
        // A small archive has arrived whole before a cancel, which then breaks no connection.
        throwIfCancelled(outer);
      }
    } catch (error) {
      throw await this.#explainExport(error, image, outer);
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

  /** Why the engine is not asked to push to this machine's loopback, as a sentence. */
  whyNoPusher(): string | undefined {
    return whyNoPush(this.endpoint);
  }

  /** Docker 20.10 answers an export of a removed image with 500 and the path of a missing file: so the engine is asked again by inspect. */
  async #explainExport(error: unknown, image: ImageDetails, signal: AbortSignal): Promise<TeaChestError> {
    const name = image.references[0] ?? image.id;
    const explained = notFound(error, name, 'export');
    if (explained.code !== 'engineFailed') return explained;
    const removed = await this.inspect(image.id, { signal }).then(
      () => undefined,
      (later: unknown) => (later instanceof TeaChestError && later.code === 'imageNotFound' ? later : undefined),
    );
    if (removed === undefined) return explained;
    const sentence = `The image “${name}” is gone from the container engine; it was removed meanwhile.`;
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

/** Docker 23 to 27 may have containerd's store, but their `inspect` gives no descriptor, which came with API 1.48. */
function mayHideItsStore(prefix: string): boolean {
  const minor = apiMinor(prefix);
  return minor >= 42 && minor < 48;
}

/** 41 of `/v1.41`. */
function apiMinor(prefix: string): number {
  const [, minor = '0'] = /^\/v1\.(\d+)$/.exec(prefix) ?? [];
  return Number(minor);
}

/** Asks for the image's manifests too (API 1.48), which dockerode's own `inspect` cannot do. */
function inspectImage(docker: Docker, http: DockerHttp, name: string, prefix: string): Promise<ImageInspectInfo> {
  if (apiMinor(prefix) < 48) return docker.getImage(name).inspect();
  return dial(http, `/images/${name}/json?`, { manifests: true }) as Promise<ImageInspectInfo>;
}

/** A GET that dockerode has no function for, or not with this query. */
function dial(http: DockerHttp, path: string, query: Readonly<Record<string, unknown>>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    http.dial({ path, method: 'GET', options: query }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error instanceof Error ? error : new Error('the call failed', { cause: error }));
    });
  });
}

/** The name as a part of a URL's path. Its slashes are not escaped: engines expect them. */
function imagePath(image: string): string {
  const parts = image.split('/');
  parseImageReference(image);
  if (parts.includes('.') || parts.includes('..')) {
    throw new TeaChestError('referenceInvalid', `“${image}” is not the name of an image.`, { facts: { image } });
  }
  return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@')).join('/');
}

/** containerd's content store, of a blob that an image needs and the engine does not have. */
const missingContent = /content digest sha256:[0-9a-f]{64}: not found/;

function notFound(error: unknown, image: string, stage: 'inspect' | 'export'): TeaChestError {
  const known = toTeaChestError(error, stage);
  if (known.code !== 'engineFailed' || known.facts.status !== 404) return known;
  const message = String(known.facts['message']);
  if (missingContent.test(message)) {
    const sentence = `The container engine has only a part of the image “${image}”. Pull it again, or build it anew. (The engine says: ${message}.)`;
    return new TeaChestError('engineFailed', sentence, { stage, cause: error, facts: { image, status: 404 } });
  }
  return new TeaChestError('imageNotFound', `The container engine has no image “${image}” (it says: ${message}).`, {
    stage,
    cause: error,
    facts: { image },
  });
}

async function* countBytes(
  chunks: AsyncIterable<Buffer>,
  onReceived: (bytes: number) => void,
): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    onReceived(bytes);
    yield chunk;
  }
}
