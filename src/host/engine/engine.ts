import type { EngineImage } from '../../core/docker/types.ts';
import type { Platform } from '../../core/oci/platform.ts';
import type { EnginePusher } from '../../core/ports/enginePusher.ts';
import type { ImageSource } from '../../core/ports/imageSource.ts';

interface CallOptions {
  readonly signal: AbortSignal;
}

/** What the host needs of an engine; `core/docker` fits this shape. */
export interface Engine extends ImageSource {
  listImages(options: CallOptions): Promise<readonly EngineImage[]>;
  /** One request for an image that was not asked for before. */
  platformOf(id: string, options: CallOptions): Promise<Platform>;
  /** One item when the connection stands and whenever images changed; ends or rejects when the connection does. */
  events(options: CallOptions): AsyncIterable<{ readonly action: string }>;
  /** The engine as something that can push to this machine; undefined where it surely is on another. */
  pusher(): EnginePusher | undefined;
  /** Keeps no idle connection from now on; what is under way goes on. */
  retire(): void;
  dispose(): void;
}

/** Finds the engine and connects to it; kept until something says that it may be another one now. */
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

  /** Next time, look anew: the setting changed, the engine went away, or a person asked. A running push keeps its own. */
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
