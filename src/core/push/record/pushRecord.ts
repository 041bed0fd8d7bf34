import type { ErrorCode, ErrorFacts, Stage } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { LayerStatus, PushResult } from '../pushEvents.ts';
import type { RateSamples } from './rateSamples.ts';

/**
 * `queued` waits for other pushes · `running` · then one of: `pushed` · `failed` · `cancelled` by the person ·
 * `interrupted` because its window closed or its process ended. Of several images the run has the worst of their states.
 */
export type RecordState = 'queued' | 'running' | 'pushed' | 'failed' | 'cancelled' | 'interrupted';

/** One run of a push, of one or several images: what the Pushes view and the push page show. Plain data without secrets. */
export interface PushRecord {
  readonly id: string;
  readonly state: RecordState;
  /** Milliseconds since the epoch. */
  readonly queuedAt: number;
  /** Among the pushes of its window that wait, from 1 on. */
  readonly position?: number | undefined;
  /** Undefined while it waits, and if it never began. */
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly images: readonly ImageRecord[];
  /** Of all images together; bytes of layers that they share are counted once. */
  readonly progress: RecordProgress;
  /** Counted bytes over the time of the run, for a chart. */
  readonly samples: RateSamples;
}

/** One image of a run. */
export interface ImageRecord {
  /** A reference or an ID, as the person or the command gave it. */
  readonly image: string;
  /** `host[:port]/owner/name:tag` */
  readonly target: string;
  /** Scheme, host and port of the registry. */
  readonly origin: string;
  /** How it was asked for, beside image and target: to push it again in the same way. */
  readonly options: PushOptionsRecord;
  readonly state: RecordState;
  readonly stage?: Stage | undefined;
  /** By the engine's `inspect`. */
  readonly imageId?: Digest | undefined;
  readonly platform?: string | undefined;
  /** The engine's own figure for the image. */
  readonly imageBytes?: number | undefined;
  /** One for each distinct layer, base first, and then blobs of which it is not known yet which layer they are. */
  readonly layers: readonly LayerRecord[];
  readonly result?: PushResult | undefined;
  readonly error?: ErrorRecord | undefined;
}

/** The bytes and the state of a layer, or of a blob that has no `diffId`. */
export type LayerRecord = Pick<LayerStatus, 'state' | 'readBytes' | 'storedBytes' | 'sentBytes'> &
  Partial<Pick<LayerStatus, 'diffId' | 'readTotal' | 'storedTotal' | 'isCompressed'>> & {
    /** The instruction of the build that made the layer. Undefined where the image's history does not say it. */
    readonly instruction?: string | undefined;
    /** Bytes of the layer's files, by that history. */
    readonly stepBytes?: number | undefined;
  };

/** The arguments of `teaChest.pushImage` beside `image` and `target`. */
interface PushOptionsRecord {
  readonly compression?: string | undefined;
  readonly strategy?: string | undefined;
  readonly platform?: string | undefined;
  readonly recheck?: boolean | undefined;
}

/** As in `ImagesSnapshot`. After the end the rate and the time left are undefined, and the bytes are the last ones. */
export interface RecordProgress {
  readonly stage?: Stage | undefined;
  readonly enginePreparing: boolean;
  readonly isAwaitingAnswer?: boolean | undefined;
  readonly sentBytes: number;
  readonly totalBytes?: number | undefined;
  readonly fraction?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly etaSeconds?: number | undefined;
}

/** A `TeaChestError` as data: `toError` makes it again, so that its message can be shown with its buttons. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly stage?: Stage | undefined;
  readonly message: string;
  readonly facts: ErrorFacts;
}
