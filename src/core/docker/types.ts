import type { ImageDetails } from '../ports/imageSource.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** Where an engine listens and how we came to know. */
export interface EngineEndpoint {
  readonly address:
    | { readonly kind: 'socket'; readonly path: string } // unix socket or Windows named pipe
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined }
    // `socket`: the engine's socket over there; undefined lets that machine's own docker choose.
    | { readonly kind: 'ssh'; readonly destination: string; readonly socket: string | undefined };
  /** `the setting teaChest.engine.host`, `DOCKER_HOST`, `docker context “colima”`, `default socket`. */
  readonly source: string;
  /** As a person would write it: `unix:///var/run/docker.sock`. */
  readonly url: string;
}

/** PEM contents. */
export interface EngineTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly verify: boolean;
}

/** An image as the engine lists it. */
export interface EngineImage {
  readonly id: Digest;
  /** `repository:tag`, none for a dangling image. */
  readonly references: readonly string[];
  /** Bytes, the engine's own figure. */
  readonly size: number;
  /** ISO 8601; empty where the engine does not tell. */
  readonly createdAt: string;
  /** Undefined where the list does not say and the image was not inspected. */
  readonly platform: Platform | undefined;
  /** Containers that use it; undefined where the engine did not count. */
  readonly containers: number | undefined;
}

/** What happened to an image, as far as a list of images must know. */
export interface EngineEvent {
  /** `connected` comes first, once the engine reports events: list after it, and no change is missed. Then `tag`, `delete`, … */
  readonly action: string;
  /** Id or name of the image, as the engine says it. */
  readonly image: string | undefined;
}

export interface EngineVersion {
  /** As the engine names its release: `28.5.2`. */
  readonly version: string;
  /** The API version that is spoken with it: `1.41`. */
  readonly api: string;
}

/** What of an image must be known to read its archive. */
export type ArchiveSubject = Pick<ImageDetails, 'id' | 'diffIds' | 'platform'>;
