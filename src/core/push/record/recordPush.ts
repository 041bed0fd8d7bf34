import { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ImageStep } from '../../ports/imageSource.ts';
import type { ImageOutcome } from '../imagesEvents.ts';
import type { ImageProgress, ImagesSnapshot } from '../imagesProgress.ts';
import type { LinkTimes } from '../linkWatch.ts';
import type { LayerStatus } from '../pushEvents.ts';
import { layerSteps, type LayerStep } from './layerSteps.ts';
import type { ErrorRecord, ImageRecord, LayerRecord, PushRecord, RecordProgress, RecordState } from './pushRecord.ts';
import { addSample, noSamples } from './rateSamples.ts';

/** What a record of a new push is made from. */
export interface NewPush {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly images: readonly Pick<ImageRecord, 'image' | 'target' | 'origin' | 'options'>[];
}

/** What a record keeps of the outcome of an image. */
export type RecordedOutcome =
  Omit<Extract<ImageOutcome, { kind: 'pushed' }>, 'image'> | Extract<ImageOutcome, { kind: 'failed' }>;

/** What happens to a push. `at`: milliseconds since the epoch. */
export type RecordChange =
  /** It waits for others, and has this position among those that wait. */
  | { readonly type: 'queued'; readonly position: number }
  | { readonly type: 'started'; readonly at: number }
  /** Regularly while it runs. */
  | {
      readonly type: 'progress';
      readonly at: number;
      readonly snapshot: ImagesSnapshot;
      readonly link?: LinkTimes | undefined;
    }
  /** The engine's history of an image, oldest step first. */
  | {
      readonly type: 'history';
      readonly index: number;
      readonly diffIds: readonly Digest[];
      readonly steps: readonly ImageStep[];
    }
  /** One outcome for each image, after the last progress. */
  | { readonly type: 'ended'; readonly at: number; readonly outcomes: readonly RecordedOutcome[] }
  /** Its process has ended without a word. */
  | { readonly type: 'interrupted'; readonly at: number };

export function newRecord({ id, at, images }: NewPush): PushRecord {
  return {
    ...{ id, state: 'queued', queuedAt: at },
    images: images.map((image) => ({ ...image, state: 'queued', layers: [] })),
    progress: { enginePreparing: false, sentBytes: 0 },
    samples: noSamples,
  };
}

/** Folds one change into a record. An ended push does not change any more, except for its history. */
export function reducePush(record: PushRecord, change: RecordChange): PushRecord {
  if (change.type === 'history') return withHistory(record, change);
  if (record.endedAt !== undefined) return record;
  switch (change.type) {
    case 'queued':
      return { ...record, position: change.position };
    case 'started':
      return {
        ...record,
        ...{ position: undefined, state: 'running', startedAt: change.at },
        images: record.images.map((image) => ({ ...image, state: 'running' })),
      };
    case 'progress':
      return withProgress(record, change);
    case 'ended':
      return ended(
        record,
        change.at,
        record.images.map((image, at) => withOutcome(image, change.outcomes[at])),
      );
    case 'interrupted':
      return ended(
        record,
        change.at,
        record.images.map((image) => (isOver(image.state) ? image : { ...image, state: 'interrupted' })),
      );
  }
}

export function isOver(state: RecordState): state is Exclude<RecordState, 'queued' | 'running'> {
  return state !== 'queued' && state !== 'running';
}

function withProgress(
  record: PushRecord,
  { snapshot, at, link }: Extract<RecordChange, { type: 'progress' }>,
): PushRecord {
  const { stage, enginePreparing, sentBytes, totalBytes, fraction, bytesPerSecond, etaSeconds, layers } = snapshot;
  const { isAwaitingAnswer, waits } = snapshot;
  const moving = layers.filter(({ state }) => state !== 'exists' && state !== 'mounted');
  const count = (of: (layer: LayerStatus) => number): number => moving.reduce((sum, layer) => sum + of(layer), 0);
  const sample = {
    at: at - (record.startedAt ?? at),
    read: count(({ readBytes }) => readBytes),
    stored: count(({ storedBytes }) => storedBytes),
    sent: count((layer) => layer.sentBytes),
    ...{ preparingMs: waits.preparing, sendingMs: waits.sending, writtenMs: waits.written, answerMs: waits.answer },
    ...link,
    ...(moving.some(({ waits }) => waits !== undefined) && {
      engineMs: count(({ waits }) => waits?.engine ?? 0),
      compressionMs: count(({ waits }) => waits?.compression ?? 0),
    }),
  };
  const isLast = snapshot.ended === snapshot.images.length;
  return {
    ...record,
    images: record.images.map((image, index) => withSnapshot(image, snapshot.images[index])),
    progress: {
      ...{ stage, enginePreparing, isAwaitingAnswer, sentBytes, totalBytes, bytesPerSecond, etaSeconds },
      // Nothing is left to do then, but a push that failed came only as far as before.
      fraction: isLast ? record.progress.fraction : fraction,
    },
    samples: moving.length === 0 ? record.samples : addSample(record.samples, sample, { isLast }),
  };
}

/** An image of several that has ended has its outcome at once. */
function withSnapshot(image: ImageRecord, progress: ImageProgress | undefined): ImageRecord {
  if (progress === undefined || isOver(image.state)) return image;
  const { snapshot, outcome } = progress;
  const { inspected, stage } = snapshot;
  const rows = snapshot.layers.length > 0 ? snapshot.layers : (inspected?.diffIds ?? []).map(untouched);
  const distinct = new Map(rows.map((row, at) => [row.diffId ?? `blob ${at}`, row]));
  const known = {
    ...image,
    stage,
    ...(inspected !== undefined && {
      ...{ imageId: inspected.id, platform: formatPlatform(inspected.platform), imageBytes: inspected.size },
    }),
    layers: withSteps([...distinct.values()], stepsOf(image.layers)),
  };
  if (outcome === undefined) return known;
  return withOutcome(
    known,
    'result' in outcome ? { kind: 'pushed', ...outcome } : { kind: 'failed', error: outcome.error },
  );
}

function untouched(diffId: Digest): LayerRecord {
  return { diffId, state: 'waiting', readBytes: 0, storedBytes: 0, sentBytes: 0 };
}

function withHistory(
  record: PushRecord,
  { index, diffIds, steps }: Extract<RecordChange, { type: 'history' }>,
): PushRecord {
  const pairs = layerSteps(diffIds, steps);
  if (pairs.size === 0) return record;
  const images = record.images.map((image, at) => {
    if (at !== index) return image;
    // The history may come before the first progress.
    const layers = image.layers.length > 0 ? image.layers : [...new Set(diffIds)].map(untouched);
    return { ...image, layers: withSteps(layers, pairs) };
  });
  return { ...record, images };
}

/** What an earlier change has said of the layers. */
function stepsOf(layers: readonly LayerRecord[]): ReadonlyMap<Digest, LayerStep> {
  return new Map(
    layers.flatMap(({ diffId, instruction = '', stepBytes }) =>
      diffId === undefined || stepBytes === undefined ? [] : [[diffId, { instruction, bytes: stepBytes }] as const],
    ),
  );
}

function withSteps(layers: readonly LayerRecord[], steps: ReadonlyMap<Digest, LayerStep>): readonly LayerRecord[] {
  return layers.map((layer) => {
    const step = layer.diffId && steps.get(layer.diffId);
    if (step === undefined) return layer;
    const { instruction, bytes } = step;
    return { ...layer, ...(instruction !== '' && { instruction }), stepBytes: bytes };
  });
}

function withOutcome(image: ImageRecord, outcome: RecordedOutcome | undefined): ImageRecord {
  if (outcome === undefined) return { ...image, state: 'failed' };
  if (outcome.kind === 'pushed') {
    const { result } = outcome;
    // An unchanged image and a further tag of an image have no plan: their layers are there.
    const isPlanned = image.layers.some(({ state }) => state !== 'waiting');
    const layers = isPlanned ? image.layers : image.layers.map((layer) => ({ ...layer, state: 'exists' as const }));
    return { ...image, state: 'pushed', stage: undefined, result, layers };
  }
  const { error } = outcome;
  return { ...image, state: failedState(error), stage: error.stage, error: toErrorRecord(error) };
}

function failedState({ code, facts }: TeaChestError): RecordState {
  if (code !== 'cancelled') return 'failed';
  return facts.isWindowClosed === true ? 'interrupted' : 'cancelled';
}

/** Without the images of these registries. Undefined if none is left. */
export function withoutRegistries(record: PushRecord, origins: ReadonlySet<string>): PushRecord | undefined {
  const images = record.images.filter(({ origin }) => !origins.has(origin));
  if (images.length === record.images.length) return record;
  return images.length === 0 ? undefined : { ...record, images, state: worstState(images) };
}

const worstFirst: readonly RecordState[] = ['failed', 'interrupted', 'cancelled', 'pushed'];

function ended(record: PushRecord, at: number, images: readonly ImageRecord[]): PushRecord {
  const state = worstState(images);
  const { sentBytes, totalBytes, fraction } = record.progress;
  const progress: RecordProgress = {
    ...{ enginePreparing: false, sentBytes, totalBytes },
    fraction: state === 'pushed' ? 1 : fraction,
  };
  return { ...record, position: undefined, state, endedAt: at, images, progress };
}

function worstState(images: readonly ImageRecord[]): RecordState {
  return worstFirst.find((one) => images.some((image) => image.state === one)) ?? 'failed';
}

function toErrorRecord({ code, stage, message, facts }: TeaChestError): ErrorRecord {
  return { code, stage, message, facts };
}

/** The error as it was, but for its causes. */
export function toError({ code, stage, message, facts }: ErrorRecord): TeaChestError {
  return new TeaChestError(code, message, { facts, ...(stage !== undefined && { stage }) });
}
