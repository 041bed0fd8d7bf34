import type { ImageDetails } from '../ports/imageSource.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** The address of an engine, and where it was configured. */
export interface EngineEndpoint {
  readonly address:
    | { readonly kind: 'socket'; readonly path: string } // unix socket or Windows named pipe
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined }
    // `socket`: the engine's socket on that machine; undefined lets its docker command choose.
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
  /** Bytes, as the engine reports. */
  readonly size: number;
  /** ISO 8601; empty if the engine does not say. */
  readonly createdAt: string;
  /** Undefined if the list does not say and the image was not inspected. */
  readonly platform: Platform | undefined;
  /** Number of containers that use it; undefined if the engine did not count. */
  readonly containers: number | undefined;
}

/** A change of an image that concerns a list of images. */
export interface EngineEvent {
  /** First `connected`, when the engine reports events: a list that is read after it misses no change. Then `tag`, `delete`, … */
  readonly action: string;
  /** ID or name of the image. */
  readonly image: string | undefined;
}

export interface EngineVersion {
  /** `28.5.2` */
  readonly version: string;
  /** The API version that we use with it: `1.41`. */
  readonly api: string;
}

/** The image that an archive was exported of. */
export type ArchiveSubject = Pick<ImageDetails, 'id' | 'diffIds' | 'platform'>;
