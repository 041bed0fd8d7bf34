import type { EngineEndpoint, EngineImage } from '../../core/docker/types.ts';
import type { ImageDescription } from '../../core/oci/imageDescription.ts';
import type { Platform } from '../../core/oci/platform.ts';
import type { EnginePuller } from '../../core/ports/enginePuller.ts';
import type { EnginePusher } from '../../core/ports/enginePusher.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ImageDetails, ImageSource, ImageStep } from '../../core/ports/imageSource.ts';

interface CallOptions {
  readonly signal: AbortSignal;
}

/** What the host needs from an engine. Implemented by `core/docker`. */
export interface Engine extends ImageSource {
  readonly endpoint: EngineEndpoint;
  /** `Docker 28.5.2 · context colima`; without the version before the first call. */
  readonly description: string;
  listImages(options: CallOptions): Promise<readonly EngineImage[]>;
  /** At most one request for each image; the result is cached. */
  platformsOf(image: Pick<EngineImage, 'id' | 'references'>, options: CallOptions): Promise<readonly Platform[]>;
  /** Settings and layers of an image, of one platform of an index. Requests no export. */
  describe(
    image: ImageDetails,
    options: CallOptions & { readonly platform?: string | undefined },
  ): Promise<ImageDescription>;
  /** The steps of an image's build, oldest first; one request. */
  history(image: Digest, options: CallOptions): Promise<readonly ImageStep[]>;
  /** One item when connected and one for each change of an image. Ends or rejects with the connection. */
  events(options: CallOptions): AsyncIterable<{ readonly action: string; readonly image?: string | undefined }>;
  /** For a push by the engine to this machine. Undefined if the engine is certainly on another one. */
  pusher(): EnginePusher | undefined;
  puller(): EnginePuller;
  /** Closes idle connections. Running calls continue. */
  retire(): void;
  dispose(): void;
}

/** Connects to the engine, and keeps the connection until `reset`. */
export class EngineLink {
  readonly #connect: () => Promise<Engine>;
  #engine: Promise<Engine> | undefined;

  constructor(connect: () => Promise<Engine>) {
    this.#connect = connect;
  }

  async get(): Promise<Engine> {
    const engine = (this.#engine ??= this.#connect());
    try {
      return await engine;
    } catch (error) {
      if (this.#engine === engine) this.#engine = undefined;
      throw error;
    }
  }

  /** The endpoint of the connection, if there is one. */
  async endpoint(): Promise<EngineEndpoint | undefined> {
    return (await this.#engine?.catch(() => undefined))?.endpoint;
  }

  /** The next `get` looks for the engine again. A running push keeps its connection. */
  reset(): void {
    this.#leave((engine) => {
      engine.retire();
    });
  }

  dispose(): void {
    this.#leave((engine) => {
      engine.dispose();
    });
  }

  #leave(leave: (engine: Engine) => void): void {
    this.#engine?.then(leave, () => undefined);
    this.#engine = undefined;
  }
}
