import * as v from 'valibot';
import { errorCodes, stages, type ErrorFacts } from '../../core/base/errors.ts';
import { lenient, listOf } from '../../core/base/json.ts';
import { digestSchema } from '../../core/oci/digest.ts';
import type { ErrorRecord, ImageRecord, LayerRecord, PushRecord } from '../../core/push/record/pushRecord.ts';

/** Changes when records are no longer read as they were. Rows of other versions are not shown. */
export const recordVersion = 1;

type Schema<T> = v.GenericSchema<unknown, T>;

const bytes = v.pipe(v.number(), v.minValue(0));
const time = v.number();
const stage = lenient(v.picklist(stages));
const text = v.string();
const states = v.picklist(['queued', 'running', 'pushed', 'failed', 'cancelled', 'interrupted']);

/** Facts that decide something are of their type; the file is one that anybody can edit. */
const facts = v.pipe(
  v.objectWithRest(
    {
      ...{ status: lenient(v.number()), codes: lenient(v.array(text)), retryAfterSeconds: lenient(v.number()) },
      ...{ system: lenient(text), httpNotAllowed: lenient(v.boolean()), isWindowClosed: lenient(v.boolean()) },
      mayWantClientCertificate: lenient(v.boolean()),
    },
    lenient(v.union([text, v.number(), v.boolean(), v.array(text)])),
  ),
  v.transform((read): ErrorFacts =>
    Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)),
  ),
);

const error: Schema<ErrorRecord> = v.object({ code: v.picklist(errorCodes), stage, message: text, facts });

const layer: Schema<LayerRecord> = v.object({
  diffId: lenient(digestSchema),
  instruction: lenient(text),
  stepBytes: lenient(bytes),
  state: v.picklist(['waiting', 'reading', 'uploading', 'exists', 'mounted', 'uploaded', 'superseded']),
  ...{ readBytes: bytes, readTotal: lenient(bytes), storedBytes: bytes, storedTotal: lenient(bytes) },
  ...{ sentBytes: bytes, isCompressed: lenient(v.boolean()) },
});

const result = v.pipe(
  v.object({
    ...{ reference: text, digest: digestSchema, mediaType: text },
    ...{ uploadedBytes: bytes, mountedBytes: bytes, skippedBytes: bytes, durationMs: bytes },
    ...{ strategy: v.picklist(['none', 'export', 'relay']), notices: listOf(text) },
    ...{ isUnchanged: lenient(v.boolean()), engineDigest: lenient(digestSchema) },
  }),
  v.transform(({ isUnchanged, engineDigest, ...rest }) => ({
    ...rest,
    ...(isUnchanged !== undefined && { isUnchanged }),
    ...(engineDigest !== undefined && { engineDigest }),
  })),
);

const image: Schema<ImageRecord> = v.object({
  ...{ image: text, target: text, origin: text, state: states, stage },
  options: v.object({
    ...{ compression: lenient(text), strategy: lenient(text), platform: lenient(text), recheck: lenient(v.boolean()) },
  }),
  ...{ imageId: lenient(digestSchema), platform: lenient(text), imageBytes: lenient(bytes) },
  layers: listOf(layer),
  ...{ result: lenient(result), error: lenient(error) },
});

const record: Schema<PushRecord> = v.object({
  ...{
    id: text,
    state: states,
    queuedAt: time,
    position: lenient(v.number()),
    startedAt: lenient(time),
    endedAt: lenient(time),
  },
  images: v.pipe(v.array(image), v.minLength(1)),
  progress: v.object({
    ...{
      stage,
      enginePreparing: v.boolean(),
      isAwaitingAnswer: lenient(v.boolean()),
      sentBytes: bytes,
      totalBytes: lenient(bytes),
    },
    ...{ fraction: lenient(v.number()), bytesPerSecond: lenient(v.number()), etaSeconds: lenient(v.number()) },
  }),
  samples: v.object({
    step: v.pipe(v.number(), v.minValue(1)),
    list: listOf(
      v.object({
        ...{ at: v.number(), read: bytes, stored: bytes, sent: bytes },
        ...{ engineMs: lenient(v.number()), compressionMs: lenient(v.number()) },
        ...{
          preparingMs: lenient(v.number()),
          sendingMs: lenient(v.number()),
          writtenMs: lenient(v.number()),
          answerMs: lenient(v.number()),
        },
        ...{ observedMs: lenient(v.number()), busyMs: lenient(v.number()), receiverMs: lenient(v.number()) },
      }),
    ),
  }),
});

/** A record on disk, with the process that writes it. */
export const storedRecord = v.object({
  version: v.literal(recordVersion),
  /** `formatIdentity` of the process. */
  process: text,
  /** Milliseconds since the epoch. */
  savedAt: time,
  record,
});

export type StoredRecord = Readonly<v.InferOutput<typeof storedRecord>>;
