import type { CallOptions } from '../../ports/callOptions.ts';
import Docker, { type ImageInspectInfo } from 'dockerode';
import { throwIfCancelled } from '../../base/cancel.ts';
import { TeaChestError, toTeaChestError, type Stage } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { parseImageReference } from '../../oci/imageReference.ts';
import type { Platform } from '../../oci/platform.ts';
import { chooseApiVersion } from './apiVersion.ts';
import { readArchive } from '../archive/readArchive.ts';
import { connectReading, EngineAgent, hostHeader } from './engineConnections.ts';
import { explainEngineError, withOwningGroup } from './engineErrors.ts';
import { DockerHttp } from './dockerHttp.ts';
import { EnginePush } from './enginePush.ts';
import { receiveBody } from './exportStream.ts';
import { toEngineImage, toImageDetails } from '../images/imageRecords.ts';
import { text } from './looseJson.ts';
import { parseEvents } from '../images/imageEvents.ts';
import { ReceiveBuffers } from './receiveBuffers.ts';
import type { EngineEndpoint, EngineEvent, EngineImage, EngineVersion } from '../types.ts';
import type { ArchiveItem, ImageDetails, ExportOptions, ImageSource } from '../../ports/imageSource.ts';

interface EngineOptions {
  readonly timeoutMs?: number;
  /** Told what of the engine's answers could not be used. */
  readonly logger?: Pick<Logger, 'warn'>;
}

/** Without a sign of life for so long, an engine hangs: it answers in milliseconds, and a large list in seconds. */
const usualTimeoutMs = 20_000;

/** So many images are inspected at once: a list may have thousands. */
const inspectionsAtOnce = 6;

/**
 * A container engine that speaks docker's API. Holds no connection while idle on a local socket; `dispose` closes those
 * of remote ones. Every method rejects with a TeaChestError: `engineNotFound`, `engineStopped`, `enginePermission`
 * (facts: path, group), `engineLost`, `engineEndpointInvalid`, `engineFailed` (facts: status, words), `cancelled`. Where
 * it names no stage, that is what the caller is doing.
 */
export class Engine implements ImageSource {
  readonly endpoint: EngineEndpoint;
  /** One for all pushes, as it remembers what kind of store this is. */
  #pusher: EnginePush | undefined;
  readonly #agent: EngineAgent;
  readonly #timeoutMs: number;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  readonly #inspections = new Semaphore(inspectionsAtOnce);
  readonly #platforms = new Map<string, Platform>();
  #version: EngineVersion | undefined;

  /** `timeoutMs`: milliseconds of silence after which any call but an export is given up. */
  constructor(endpoint: EngineEndpoint, { timeoutMs = usualTimeoutMs, logger }: EngineOptions = {}) {
    this.endpoint = endpoint;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    this.#agent = new EngineAgent(endpoint.address);
  }

  /** Asks the engine each time, so that it also tells whether the engine is there. */
  async version({ signal }: CallOptions): Promise<EngineVersion> {
    const answer = await this.#call(signal, '', (docker) => docker.version());
    this.#version = { version: answer.Version, api: chooseApiVersion(answer.ApiVersion, answer.MinAPIVersion) };
    return this.#version;
  }

  /** Tagged and dangling images, no intermediate ones. `platform` is given for those that `platformOf` was asked for. */
  async listImages({ signal }: CallOptions): Promise<EngineImage[]> {
    const prefix = await this.#prefix(signal);
    const images = await this.#call<unknown>(signal, prefix, (docker) => docker.listImages());
    if (!Array.isArray(images)) {
      throw new TeaChestError('engineFailed', 'The container engine gave something else than a list of its images.', {
        stage: 'engine',
      });
    }
    const here = new Set(images.map((image) => text(image, 'Id')));
    for (const id of this.#platforms.keys()) if (!here.has(id)) this.#platforms.delete(id);
    return images.flatMap((image) => this.#readListed(image));
  }

  /** One image of which no digest is known cannot be named or pushed, and hides none of the others. */
  #readListed(image: unknown): EngineImage[] {
    try {
      return [toEngineImage(image, this.#platforms.get(text(image, 'Id') ?? ''))];
    } catch (error) {
      if (!(error instanceof TeaChestError)) throw error;
      this.#logger?.warn(`An image is left out of the list: ${error.message}`);
      return [];
    }
  }

  /** An id never changes its platform: each image is inspected once, a few at a time. */
  async platformOf(id: string, { signal }: CallOptions): Promise<Platform> {
    const known = this.#platforms.get(id);
    if (known !== undefined) return known;
    return this.#inspections.run(async () => {
      const { platform } = await this.inspect(id, { signal });
      this.#platforms.set(id, platform);
      return platform;
    }, signal);
  }

  /**
   * What happens to images from now on, for as long as the loop runs; begins with `connected`. Ends when the engine
   * closes the stream in good order, rejects with `engineLost` when it breaks. Connecting again is the caller's business.
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

  /** Rejects with `imageNotFound` (facts: image) if the engine does not have it, `referenceInvalid` if it is no name. */
  async inspect(image: string, { signal }: CallOptions): Promise<ImageDetails> {
    const name = imagePath(image);
    const prefix = await this.#prefix(signal);
    try {
      return toImageDetails(
        await this.#call(signal, prefix, (docker, modem) => inspectImage(docker, modem, name, prefix)),
      );
    } catch (error) {
      throw notFound(error, image, 'inspect');
    }
  }

  /** Streams the image's archive, by id, in constant memory; see `ArchiveItem`. Leaving the loop closes the stream. */
  async *open(
    image: ImageDetails,
    { signal: outer, onReceived }: ExportOptions,
  ): AsyncGenerator<ArchiveItem, void, void> {
    const leaving = new AbortController();
    const signal = AbortSignal.any([outer, leaving.signal]);
    try {
      const prefix = await this.#prefix(signal);
      const memory = new ReceiveBuffers();
      const onConsumed = (position: number): void => {
        memory.consumed(position);
      };
      const bytes = this.#export(`${prefix}/images/${imagePath(image.id)}/get`, memory, signal);
      for await (const item of readArchive(countBytes(bytes, onReceived), image, onConsumed)) {
        yield item;
        // A small archive is here whole before anybody cancels: nothing is left that could break off.
        throwIfCancelled(outer);
      }
    } catch (error) {
      throw await this.#explainExport(error, image, outer);
    } finally {
      leaving.abort();
    }
  }

  /** The engine as something that can push by itself to this machine; undefined where it surely is on another. */
  pusher(): EnginePush | undefined {
    if (this.endpoint.address.kind !== 'socket') return undefined;
    return (this.#pusher ??= new EnginePush(
      this.endpoint.url,
      async (signal, use, timeoutMs) => this.#call(signal, await this.#prefix(signal), use, timeoutMs),
      (error, signal) => explainEngineError(error, this.endpoint, signal),
    ));
  }

  /** Docker 20.10 answers an export of an image that is gone with 500 and the path of a missing file: so ask again. */
  async #explainExport(error: unknown, image: ImageDetails, signal: AbortSignal): Promise<TeaChestError> {
    const name = image.references[0] ?? image.id;
    const known = notFound(error, name, 'export');
    if (known.code !== 'engineFailed') return known;
    const gone = await this.inspect(image.id, { signal }).then(
      () => undefined,
      (later: unknown) => (later instanceof TeaChestError && later.code === 'imageNotFound' ? later : undefined),
    );
    if (gone === undefined) return known;
    const sentence = `The image “${name}” is gone from the container engine; it was removed meanwhile.`;
    return new TeaChestError('imageNotFound', sentence, { stage: 'export', cause: error, facts: { image: name } });
  }

  /** Keeps no idle connection from now on. What is under way goes on, and new calls are possible. */
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

  /** May be silent for minutes: a classic engine writes the whole image to its disk before the first byte. */
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
    use: (docker: Docker, modem: DockerHttp) => Promise<T>,
    timeoutMs = this.#timeoutMs,
  ): Promise<T> {
    const explain = (error: unknown): TeaChestError => explainEngineError(error, this.endpoint, signal);
    const host = hostHeader(this.endpoint.address);
    const modem = new DockerHttp({ agent: this.#agent, host, prefix, signal, timeoutMs, explain });
    const options: object = { modem };
    try {
      return await use(new Docker(options), modem);
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

/** From API 1.48 on it is asked for the image's manifests as well, which dockerode's own `inspect` cannot do. */
function inspectImage(docker: Docker, modem: DockerHttp, name: string, prefix: string): Promise<ImageInspectInfo> {
  const [, minor = '0'] = /^\/v1\.(\d+)$/.exec(prefix) ?? [];
  if (Number(minor) < 48) return docker.getImage(name).inspect();
  const call = { path: `/images/${name}/json?`, method: 'GET', options: { manifests: true } };
  return new Promise((resolve, reject) => {
    modem.dial(call, (error, answer) => {
      if (error === null) resolve(answer as ImageInspectInfo);
      else reject(error instanceof Error ? error : new Error('the call failed', { cause: error }));
    });
  });
}

/** The name as a part of a URL's path. Its slashes stay: engines take them as they are. */
function imagePath(image: string): string {
  const parts = image.split('/');
  parseImageReference(image);
  if (parts.includes('.') || parts.includes('..')) {
    throw new TeaChestError('referenceInvalid', `“${image}” is not the name of an image.`, { facts: { image } });
  }
  return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@')).join('/');
}

function notFound(error: unknown, image: string, stage: 'inspect' | 'export'): TeaChestError {
  const known = toTeaChestError(error, stage);
  if (known.code !== 'engineFailed' || known.facts['status'] !== 404) return known;
  const words = String(known.facts['words']);
  return new TeaChestError('imageNotFound', `The container engine has no image “${image}” (it says: ${words}).`, {
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
