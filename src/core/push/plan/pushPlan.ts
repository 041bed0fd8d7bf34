import type { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';

/**
 * What a push would do with a layer, as far as requests that change nothing can show it.
 * `exists`: a HEAD found its blob in the repository.
 * `probable`: a tag of the repository names it; the push reads it back, and sends it if it is not that layer.
 * `mountable`: a HEAD found it in another repository of the registry, from which the push mounts it.
 * `send`: its blob is known, and is neither here nor where earlier pushes saw it.
 * `unknown`: its blob is known only once it was read out of the engine; only then the registry can be asked for it.
 */
export type PlannedState = 'exists' | 'probable' | 'mountable' | 'send' | 'unknown';

/** One distinct layer of the image. */
export interface PlannedLayer {
  /** Undefined for a layer of a platform whose config the engine did not describe. */
  readonly diffId?: Digest | undefined;
  /** Of its blob, where that is known. */
  readonly digest?: Digest | undefined;
  /** The instruction of the build that made it, where the image's history says it. */
  readonly instruction?: string | undefined;
  readonly state: PlannedState;
  /** Uncompressed size. */
  readonly bytes?: number | undefined;
  /** True: `bytes` is by the engine's history or its size of the image, and was not counted. */
  readonly isEstimated: boolean;
  /** Size of the blob, compressed as it is stored; known with `digest`. */
  readonly storedBytes?: number | undefined;
  /** Of a `mountable` layer: the repository that has it. */
  readonly knownIn?: string | undefined;
  /** Of an index: the platform that the layer is of. */
  readonly platform?: string | undefined;
  /** An image before this one in the plan brings the same layer to the registry. */
  readonly isShared?: boolean;
  /** The layer is an attestation of an index, not a part of the file system. */
  readonly isAttestation?: boolean;
}

/** A manifest of an index. */
export interface PlannedManifest {
  readonly digest: Digest;
  readonly platform?: string | undefined;
  readonly isAttestation: boolean;
  /** The engine has all of it. */
  readonly isAvailable: boolean;
  /** The push publishes it. */
  readonly isPublished: boolean;
  /** Stored bytes of all that it refers to. */
  readonly bytes?: number | undefined;
}

/** What the tag is now. */
export interface PlannedTag {
  /** `free`: there is no such tag · `same`: it is this image already · `other`: the push would overwrite it. */
  readonly state: 'free' | 'same' | 'other';
  /** The digest that the tag has. */
  readonly digest?: Digest | undefined;
  /** The digest that the push would give it, where that is known before. */
  readonly expected?: Digest | undefined;
}

/**
 * Stored bytes of layers to send. `exact`: of blobs whose sizes are known. `atMost`: some layers are not compressed yet and
 * count with their uncompressed size, which mostly is an estimate of the engine. A config and manifests, a few kilobytes,
 * are not counted. A registry that has a blob in a repository of which no push here knows needs fewer.
 */
export interface SendEstimate {
  /** Undefined if a size is not known at all. */
  readonly bytes?: number | undefined;
  readonly precision: 'exact' | 'atMost';
}

/** How long sending takes, by the rate that earlier pushes measured to this registry. Absent without such a rate. */
export interface TimeEstimate {
  readonly seconds: number;
  readonly bytesPerSecond: number;
}

export interface PlannedTransfer {
  /** As `PushResult.strategy`: how the bytes leave the engine. */
  readonly by: 'none' | 'export' | 'relay';
  /** A sentence. */
  readonly reason: string;
}

export interface ImagePlan {
  readonly kind: 'planned';
  /** `host[:port]/owner/name:tag` */
  readonly reference: string;
  /** Of the registry. */
  readonly origin: string;
  /** As the engine names it. */
  readonly imageId: Digest;
  readonly platform?: string | undefined;
  /** The engine's own figure. */
  readonly imageBytes: number;
  readonly tag: PlannedTag;
  /** Empty for an image that is no index. */
  readonly manifests: readonly PlannedManifest[];
  /** What the index names and the engine does not have. */
  readonly missing: readonly string[];
  /** Base first. */
  readonly layers: readonly PlannedLayer[];
  readonly send: SendEstimate;
  readonly time?: TimeEstimate | undefined;
  readonly transfer: PlannedTransfer;
  /** Bytes to send that the engine stores uncompressed, and that the push would not compress. */
  readonly uncompressedBytes: number;
}

/** An image that could not be planned: its push would fail in the same way. */
export interface FailedPlan {
  readonly kind: 'failed';
  readonly reference: string;
  readonly error: TeaChestError;
}

/** What a push of several images would do. */
export interface PushPlan {
  readonly images: readonly (ImagePlan | FailedPlan)[];
  /** Of all images; what they share is counted once. */
  readonly send: SendEstimate;
  /** Absent also if the images go to registries of different rates. */
  readonly time?: TimeEstimate | undefined;
}
