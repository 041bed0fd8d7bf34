/**
 * The API that the VS Code extension Tea Chest exports (tea-chest.tea-chest). What the functions do is described in
 * docs/automation.md of the extension, under the commands of the same names. Within version 1, properties, values and error
 * codes may be added; none is removed or changed.
 */
export interface TeaChestApi {
  /** The version of this contract. */
  readonly apiVersion: 1;
  /** Without an argument, or with one that leaves something open, the person is asked. Undefined: they cancelled. */
  signIn(argument?: SignInArguments): Promise<SignedIn | undefined>;
  signOut(argument?: SignOutArguments): Promise<void>;
  listImages(): Promise<readonly ListedImage[]>;
  /** Undefined: the person cancelled. */
  selectEngine(argument?: SelectEngineArguments): Promise<SelectedEngine | undefined>;
  /** Rejects with a `TeaChestRejection`. Without an argument: undefined if the person cancels or the push fails. */
  pushImage(argument?: PushImageArguments): Promise<PushResult | undefined>;
  /** Without an argument the person chooses the images, and it resolves with undefined. */
  pushImages(argument?: PushImagesArguments): Promise<PushImagesResult | undefined>;
  /** Pushes the images that are newer here than in their registry. Without an argument the person chooses. */
  pushOutOfDate(argument?: PushOutOfDateArguments): Promise<PushOutOfDateResult | undefined>;
  /** What a push with the same arguments would do. Asks nobody, and changes nothing. */
  planPush(argument: PushImageArguments | PushImagesArguments): Promise<PlannedPush>;
  /** From a registry into the engine. Without an argument: undefined if the person cancels or the pull fails. */
  pullImage(argument?: PullImageArguments): Promise<PullResult | undefined>;
}

/** Activates Tea Chest. Rejects if it is not installed, or offers another version of the contract. */
export function getTeaChest(): Promise<TeaChestApi>;

/** The error that a function of the API rejects with. */
export interface TeaChestRejection extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;
}

export interface SignInArguments {
  readonly url: string;
  readonly username?: string | undefined;
  /** A token with the scope `write:package`, or a password. */
  readonly secret?: string | undefined;
  /** In place of `secret`: the login that this program of the machine has for the registry. */
  readonly source?: LoginSource | undefined;
  /** With `secret` or `source`: kept in memory until the window closes. */
  readonly sessionOnly?: boolean | undefined;
  /** SHA-256 of the server's certificate: exactly this one is accepted. */
  readonly trustFingerprint?: string | undefined;
  readonly allowHttp?: boolean | undefined;
  /** Absolute path of a PEM file, as those below. */
  readonly caFile?: string | undefined;
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
}

export type LoginSource = 'environment' | 'idpbuilder' | 'docker' | 'podman' | 'tea' | 'git' | 'keyring';

export interface SignedIn {
  readonly origin: string;
  readonly username: string;
  readonly source?: LoginSource;
}

export interface SignOutArguments {
  readonly url: string;
}

/** One of them, or none for the automatic choice. */
export interface SelectEngineArguments {
  readonly context?: string | undefined;
  readonly host?: string | undefined;
}

export interface SelectedEngine {
  readonly url: string;
  /** What led to it. */
  readonly source: string;
}

export interface ListedImage {
  readonly id: string;
  /** `repository:tag` */
  readonly references: readonly string[];
  /** `repository@sha256:…`, where the image has no tag of that repository. */
  readonly digestReferences: readonly string[];
  readonly size: number;
  /** ISO 8601; empty if the engine does not say. */
  readonly createdAt: string;
  readonly platform: string;
  readonly platforms: readonly string[];
  /** Only for what runs nowhere, such as a Helm chart. */
  readonly artifact?: string;
  readonly usedBy?: { readonly running: number; readonly stopped: number };
  /** Why it cannot be pushed. */
  readonly obstacle?: string;
}

export interface PullImageArguments {
  /** `host[:port]/repository[:tag]` or `host[:port]/repository@sha256:…` */
  readonly reference: string;
  /** `os/architecture[/variant]`, in place of the engine's own. */
  readonly platform?: string | undefined;
}

export interface PullResult {
  /** The image's name in the engine. */
  readonly reference: string;
  /** The image's ID in the engine. */
  readonly id: string;
  /** Of the manifest or the index in the registry. */
  readonly digest: string;
  /** Stored bytes of the layers that came from the registry. */
  readonly downloadedBytes: number;
  readonly durationMs: number;
  readonly way: 'none' | 'engine' | 'relay' | 'archive';
}

export interface PushOptions {
  readonly compression?: 'stored' | 'auto' | 'gzip' | 'zstd' | 'none' | undefined;
  readonly strategy?: 'auto' | 'export' | 'relay' | undefined;
  /** Looks for every layer again, even if the tag is unchanged. */
  readonly recheck?: boolean | undefined;
}

export interface PushImageArguments extends PushOptions {
  readonly image: string;
  /** `host[:port]/owner/name[:tag]`. With it, nothing is asked. */
  readonly target?: string | undefined;
  /** `os/architecture[/variant]`, or `all`. */
  readonly platform?: string | undefined;
}

/** With `images` or with `composeFile`. */
export interface PushImagesArguments extends PushOptions {
  readonly images?:
    | (
        | string
        | { readonly image: string; readonly target?: string | undefined; readonly platform?: string | undefined }
      )[]
    | undefined;
  /** Absolute paths; several change each other, as with several `-f` of docker compose. */
  readonly composeFile?: string | string[] | undefined;
  readonly services?: string[] | undefined;
  readonly profiles?: string[] | undefined;
  /** `host[:port]/owner`: where images without a target of their own go. */
  readonly target?: string | undefined;
}

export type Digest = `sha256:${string}`;

export interface PushResult {
  /** As the registry stores it. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly uploadedBytes: number;
  readonly mountedBytes: number;
  readonly skippedBytes: number;
  readonly durationMs: number;
  readonly strategy: 'none' | 'export' | 'relay';
  /** Sentences for a person. */
  readonly notices: readonly string[];
  readonly isUnchanged?: boolean;
  /** Only where layers were compressed that the engine holds uncompressed. */
  readonly engineDigest?: Digest;
}

export interface PushImagesResult {
  /** In the order of the images. */
  readonly results: readonly ImageResult[];
  readonly uploadedBytes: number;
  readonly mountedBytes: number;
  readonly skippedBytes: number;
  readonly durationMs: number;
}

export interface PushOutOfDateArguments {
  /** Also the images that their registry does not have. */
  readonly notPushed?: boolean | undefined;
}

export interface PushOutOfDateResult extends PushImagesResult {
  /** Images that could not be compared with their target. */
  readonly unknown: readonly { readonly image: string; readonly target: string; readonly error: RejectedImage }[];
}

export interface PlannedPush {
  /** In the order of the images. */
  readonly images: readonly PlannedImage[];
  readonly send: SendEstimate;
  readonly time?: TimeEstimate | undefined;
}

export type PlannedImage =
  | {
      readonly image: string;
      readonly warnings: readonly {
        readonly code: 'tagOverwritten' | 'publicOwner' | 'uncompressed' | 'indexIncomplete';
        readonly message: string;
      }[];
      readonly reference: string;
      readonly imageId: Digest;
      readonly platform?: string | undefined;
      readonly imageBytes: number;
      /** What the tag is now: `other` would be overwritten. `expected`: where it is known before. */
      readonly tag: {
        readonly state: 'free' | 'same' | 'other';
        readonly digest?: Digest | undefined;
        readonly expected?: Digest | undefined;
      };
      readonly manifests: readonly PlannedManifest[];
      readonly missing: readonly string[];
      readonly layers: readonly PlannedLayer[];
      readonly send: SendEstimate;
      readonly time?: TimeEstimate | undefined;
      readonly transfer: { readonly by: 'none' | 'export' | 'relay'; readonly reason: string };
      readonly uncompressedBytes: number;
    }
  | { readonly image: string; readonly reference: string; readonly error: RejectedImage };

export interface SendEstimate {
  readonly bytes?: number | undefined;
  readonly precision: 'exact' | 'atMost';
}

export interface TimeEstimate {
  readonly seconds: number;
  readonly bytesPerSecond: number;
}

export interface PlannedManifest {
  readonly digest: Digest;
  readonly platform?: string | undefined;
  readonly isAttestation: boolean;
  readonly isAvailable: boolean;
  readonly isPublished: boolean;
  readonly bytes?: number | undefined;
}

export interface PlannedLayer {
  readonly diffId?: Digest | undefined;
  readonly digest?: Digest | undefined;
  readonly instruction?: string | undefined;
  readonly state: 'exists' | 'probable' | 'mountable' | 'send' | 'unknown';
  readonly bytes?: number | undefined;
  readonly isEstimated: boolean;
  readonly storedBytes?: number | undefined;
  readonly knownIn?: string | undefined;
  readonly platform?: string | undefined;
  readonly isShared?: boolean;
  readonly isAttestation?: boolean;
}

/** Why an image was not pushed, planned or compared. */
export interface RejectedImage {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly message: string;
}

export type ImageResult =
  ({ readonly image: string } & PushResult) | { readonly image: string; readonly error: RejectedImage };

export type Stage =
  | 'signIn'
  | 'engine'
  | 'inspect'
  | 'resolve'
  | 'plan'
  | 'export'
  | 'verify'
  | 'spool'
  | 'upload'
  | 'manifest'
  | 'check'
  | 'browse'
  | 'pull';

/** What went wrong. New codes may be added: docs/troubleshooting.md of the extension has an entry for each. */
export type ErrorCode =
  | 'engineNotFound'
  | 'engineStopped'
  | 'enginePermission'
  | 'engineLost'
  | 'engineEndpointInvalid'
  | 'engineFailed'
  | 'imageNotFound'
  | 'imageUnsupported'
  | 'platformNeeded'
  | 'archiveTruncated'
  | 'archiveInvalid'
  | 'layerMismatch'
  | 'referenceInvalid'
  | 'nameInvalid'
  | 'targetNeeded'
  | 'composeFileInvalid'
  | 'workingTreeDirty'
  | 'tagExists'
  | 'latestTag'
  | 'urlInvalid'
  | 'registryUnreachable'
  | 'certificateUntrusted'
  | 'certificateChanged'
  | 'certificateInvalid'
  | 'clientCertificateNeeded'
  | 'tlsRefused'
  | 'plainHttp'
  | 'notARegistry'
  | 'proxyFailed'
  | 'notSignedIn'
  | 'credentialsRejected'
  | 'credentialsIgnored'
  | 'scopeMissing'
  | 'oneTimePasswordNeeded'
  | 'credentialSourceFailed'
  | 'accessDenied'
  | 'ownerNotFound'
  | 'quotaExceeded'
  | 'bodyTooLarge'
  | 'chunksRefused'
  | 'uploadLost'
  | 'digestMismatch'
  | 'imageMismatch'
  | 'registryRefused'
  | 'registryFailed'
  | 'catalogRefused'
  | 'deleteUnsupported'
  | 'changedMeanwhile'
  | 'spoolFull'
  | 'spoolFailed'
  | 'busy'
  | 'argumentInvalid'
  | 'cancelled'
  | 'internal'
  | 'engineFull'
  | 'manifestUnknown';
