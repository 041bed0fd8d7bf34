import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { CallOptions } from './callOptions.ts';

/** An engine that can push by itself, for the relay. */
export interface EnginePusher {
  /** Names the engine across restarts: a key of the digest cache. */
  readonly id: string;
  /** Why its 127.0.0.1 is probably not this machine's: `it runs in a virtual machine (Colima)`. Absent: nothing is known. */
  readonly isolation?: string | undefined;
  /** Bytes of the files of each build step, base first; zero for steps that made no layer. */
  historySizes(image: Digest, options: CallOptions): Promise<readonly number[]>;
  tag(image: string, name: EngineImageName, options: CallOptions): Promise<void>;
  /** Removes a name; with its last name the engine removes the image. */
  untag(name: EngineImageName, options: CallOptions): Promise<void>;
  /**
   * Makes the engine send a request to a registry, by asking it to pull an image that does not exist there. Resolves or
   * rejects when the engine is done; only the registry sees whether the request arrived.
   */
  sendProbe(
    name: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    options: CallOptions,
  ): Promise<void>;
  /** Every `repository:tag` the engine has. */
  listTags(options: CallOptions): Promise<readonly string[]>;
  /** Pushes, and yields the engine's reports. Rejects with `engineFailed` and the engine's message. */
  push(
    name: EngineImageName,
    credential: { readonly username: string; readonly secret: string },
    options: EnginePushOptions,
  ): AsyncIterable<EnginePushStep>;
}

export interface EnginePushOptions extends CallOptions {
  /** Of an index only the manifest of this platform is pushed (API 1.46). */
  readonly platform?: Platform | undefined;
}

export interface EngineImageName {
  /** `host[:port]/path` */
  readonly repository: string;
  readonly tag: string;
}

export interface EnginePushStep {
  /** 12 hex digits: of the layer's diffID in the classic store, of the blob's digest in containerd's. */
  readonly id: string | undefined;
  readonly status: string;
  /** Bytes read so far: uncompressed in the classic store, stored ones in containerd's. */
  readonly current: number | undefined;
  readonly total: number | undefined;
  /** A sentence of the engine that a person should read. */
  readonly notice?: string | undefined;
}
