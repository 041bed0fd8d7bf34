import type { Platform } from '../oci/platform.ts';
import type { CallOptions } from './callOptions.ts';
import type { EngineImageName, EnginePusher } from './enginePusher.ts';
import type { ImageDetails } from './imageSource.ts';

/** What `pull` needs of an engine. */
export interface EnginePuller {
  /**
   * False: somebody on the way could read what is sent to it (tcp without checked TLS). It gets no credential of a
   * registry.
   */
  readonly isConfidential: boolean;
  /** For the relay. Undefined if the engine's 127.0.0.1 is certainly, or possibly, another machine's. */
  readonly local: Pick<EnginePusher, 'id' | 'isolation' | 'sendProbe' | 'tag' | 'untag'> | undefined;
  /** Why `local` is undefined, as a sentence. */
  readonly whyNotLocal: string | undefined;
  /** `host`: `host[:port]` of the registry. */
  describe(host: string, options: CallOptions): Promise<EngineDescription>;
  /** Rejects with `imageNotFound` if the engine has no such image. */
  inspect(image: string, options: CallOptions): Promise<ImageDetails>;
  /**
   * Lets the engine pull `repository` by tag or digest. Ends when the engine has the image; rejects with `engineFailed` and
   * the engine's message (facts: message). Leaving the loop stops the pull.
   */
  pull(image: PullName, options: EnginePullOptions): AsyncIterable<EnginePullStep>;
  /** Gives the engine an archive of images. Rejects as `pull` does, or with what the archive throws. */
  load(archive: AsyncIterable<Uint8Array>, options: CallOptions): Promise<void>;
  /** Adds a name to an image, given by ID or name. Another image of that name loses it. */
  tag(image: string, name: EngineImageName, options: CallOptions): Promise<void>;
  /** Removes a name; with its last name the engine removes the image. */
  untag(name: string, options: CallOptions): Promise<void>;
}

export interface EngineDescription {
  /** `Docker 20.10.24` */
  readonly name: string;
  readonly platform: Platform;
  /** Containerd's store has an image's index and manifest; the others have unpacked layers and the config. */
  readonly store: 'classic' | 'containerd';
  /** False: it cannot unpack layers that are compressed by zstd. */
  readonly readsZstd: boolean;
  /** It reaches the registry without a check of its certificate, or by http, because its settings say so. */
  readonly isInsecure: boolean;
  /** Its settings have another address or mirrors for the registry, which would get the credential too. */
  readonly isRedirected: boolean;
}

/** What the engine is asked to pull. */
export interface PullName {
  /** `host[:port]/path` */
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
}

export interface EnginePullOptions extends CallOptions {
  /** For the registry of the name. */
  readonly credential?: { readonly username: string; readonly secret: string } | undefined;
  /** `linux/arm64`: of an index, in place of the engine's own platform. */
  readonly platform?: string | undefined;
}

/** What the engine reports of one layer. */
export interface EnginePullStep {
  /** 12 hex digits of the blob's digest. */
  readonly id: string;
  readonly state: 'waiting' | 'downloading' | 'downloaded' | 'unpacking' | 'done' | 'exists';
  /** Bytes that were downloaded, or read of the downloaded blob while it is unpacked. */
  readonly current: number | undefined;
  readonly total: number | undefined;
}
