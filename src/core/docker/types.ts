import type { ImageDetails } from '../ports/imageSource.ts';
import type { Platform } from '../oci/platform.ts';

/** The address of an engine, and where it was configured. */
export interface EngineEndpoint {
  readonly address:
    | { readonly kind: 'socket'; readonly path: string } // unix socket or Windows named pipe
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined }
    | SshAddress;
  /** `the setting teaChest.engine.host`, `DOCKER_HOST`, `the docker context “colima”`, `default socket`. */
  readonly source: string;
  /** Where the address was configured; absent for a well-known socket. `source` says it in the person's language. */
  readonly origin?: EndpointOrigin;
  /** As a person would write it: `unix:///var/run/docker.sock`. */
  readonly url: string;
  /** The docker context that has this address. */
  readonly context?: string;
  /** What listens at a well-known socket: `Colima`. */
  readonly product?: string;
  readonly situation?: EngineSituation;
}

type EndpointOrigin = 'setting' | 'environment' | 'context';

export interface SshAddress {
  readonly kind: 'ssh';
  /** `host` or `user@host`, an IPv6 address without brackets. */
  readonly destination: string;
  /** Absent: ssh chooses. Not a part of `destination`: ssh takes no IPv6 address in a URI. */
  readonly port?: number;
  /** The engine's socket on that machine; undefined lets its docker command choose. */
  readonly socket: string | undefined;
  /** The file of the private key; absent: ssh chooses. */
  readonly identity?: string;
}

/** Where the engine behind a local socket runs, so that its 127.0.0.1 is not this machine's. */
export type EngineSituation = 'vm' | 'rootless';

/** PEM contents. */
export interface EngineTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly verify: boolean;
}

/** An image as the engine lists it. */
export interface EngineImage {
  /** `sha256:…`; of another algorithm, or empty, only if there is an `obstacle`. */
  readonly id: string;
  /** `repository:tag`, each once; none for a dangling image, and for one that is known by its digest only. */
  readonly references: readonly string[];
  /** `repository@sha256:…`, of the repositories of which the image has no tag. */
  readonly digestReferences: readonly string[];
  /** Bytes, as the engine reports. */
  readonly size: number;
  /** ISO 8601; empty if the engine does not say. */
  readonly createdAt: string;
  /** ISO 8601; read for images whose `createdAt` says nothing, where the engine keeps it. */
  readonly taggedAt: string | undefined;
  /** Those that are in the engine. Empty for an image that names none, undefined if the list does not say. */
  readonly platforms: readonly Platform[] | undefined;
  /** True for what runs nowhere, such as a Helm chart. */
  readonly isArtifact: boolean;
  /** `application/vnd.cncf.helm.config.v1+json`: what the artifact is, where that is known. */
  readonly artifactType: string | undefined;
  /** The containers that were created from it; undefined if the engine did not say. */
  readonly usedBy: ContainerCount | undefined;
  /** Why it cannot be pushed, as the end of a sentence. */
  readonly obstacle: string | undefined;
}

export interface ContainerCount {
  /** Paused and restarting ones too. */
  readonly running: number;
  readonly stopped: number;
}

/** A change of an image that concerns a list of images. */
export interface EngineEvent {
  /** First `connected`, when the engine reports events: a list that is read after it misses no change. Then `tag`, `delete`, … */
  readonly action: string;
  /** ID or name of the image. */
  readonly image: string | undefined;
}

export interface EngineVersion {
  readonly product: 'Docker' | 'Podman';
  /** `28.5.2` */
  readonly version: string;
  /** The API version that we use with it: `1.41`. */
  readonly api: string;
  /** What it runs images on, without the variant, which engines do not name. Undefined if it does not say. */
  readonly platform?: Platform | undefined;
}

/** An image that an archive was exported of. */
export type ArchiveSubject = Pick<ImageDetails, 'id' | 'diffIds' | 'platform'> &
  Partial<Pick<ImageDetails, 'createdAt'>>;
