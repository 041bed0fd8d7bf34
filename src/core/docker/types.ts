import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** Where an engine listens and how we came to know. */
export interface EngineEndpoint {
  readonly address:
    | { readonly kind: 'socket'; readonly path: string } // unix socket or Windows named pipe
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined }
    | { readonly kind: 'ssh'; readonly destination: string };
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
  /** ISO 8601. */
  readonly createdAt: string;
  /** Undefined where the list does not say and the image was not inspected. */
  readonly platform: Platform | undefined;
  /** Containers that use it; undefined where the engine did not count. */
  readonly containers: number | undefined;
}
