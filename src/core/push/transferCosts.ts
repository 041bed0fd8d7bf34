import { codecSpeeds } from '../compress/codecSpeeds.ts';
import type { CodecKind } from '../compress/codecs.ts';

const megabyte = 1e6;

/** How fast a classic engine is, in bytes per second (measured with dockerd 28.5.2). */
export const engineSpeeds = {
  /** Go's gzip at level 6 on one core, by which it compresses what it pushes: 35 to 45 MB/s. */
  gzip: 40 * megabyte,
  /** It writes all layers to its disk before the first byte of an export leaves: 1.3 GB in 8.4 s, and 1.1 s. */
  save: 140 * megabyte,
} as const;

/** Uploads of a classic engine side by side, one core each (moby: DefaultMaxConcurrentUploads). */
const engineUploads = 5;
/** The temporary name, the probe and the HEAD requests of the engine, and the removal of the name. */
const relayBaseMs = 60;
const exportBaseMs = 50;
/** The figures are rough, and a busy engine compresses still more slowly: if in doubt, the image is exported. */
const clearlySooner = 0.8;

/** What a layer costs depends on these two only. */
interface LayerCost {
  /** Uncompressed bytes; an estimate is good enough here. */
  readonly bytes: number;
  /** The registry does not have it. */
  readonly isMissing: boolean;
}

export interface TransferInputs {
  /** One for each distinct layer. */
  readonly layers: readonly LayerCost[];
  /** The engine can ask for all layers that the registry has, because it has a digest for each. */
  readonly knowsDigests: boolean;
  readonly cores: number;
  readonly codec: CodecKind;
}

export interface TransferCosts {
  readonly isRelaySooner: boolean;
  /** Estimated milliseconds on the engine's and our side, without the link to the registry. */
  readonly relayMs: number;
  readonly exportMs: number;
}

/**
 * Which transfer brings an image's missing layers out of a classic engine sooner. Such an engine compresses slowly what
 * it sends, but an export has all layers written to disk first, also those that are not needed: so the relay is for
 * changes, and a first push is exported.
 */
export function estimateTransfer({ layers, knowsDigests, cores, codec }: TransferInputs): TransferCosts {
  const missing = layers.filter(({ isMissing }) => isMissing).map(({ bytes }) => bytes);
  const all = layers.map(({ bytes }) => bytes);
  const exporting = sum(all) / engineSpeeds.save + sum(missing) / (codecSpeeds[codec].bytesPerSecond * cores);
  // Layers are not split: the largest one alone may take longer than its share of all cores.
  const workers = Math.min(cores, engineUploads);
  const compressing = (bytes: readonly number[]): number =>
    Math.max(sum(bytes) / workers, ...bytes) / engineSpeeds.gzip;
  // An engine that lacks digests first pushes everything to us (`primeDigests`).
  const priming = knowsDigests ? 0 : compressing(all);
  const exportMs = exportBaseMs + Math.round(exporting * 1000);
  const relayMs = relayBaseMs + Math.round((priming + compressing(missing)) * 1000);
  const isChange = missing.length < layers.length;
  return { isRelaySooner: isChange && relayMs <= exportMs * clearlySooner, relayMs, exportMs };
}

/**
 * About how large each layer is, uncompressed: as a former push counted it; else by the build history, if that has as
 * many steps with files as the image has layers; else an equal share of the rest of the image's size.
 */
export function layerSizes(
  counted: readonly (number | undefined)[],
  history: readonly number[],
  imageBytes: number,
): readonly number[] {
  const steps = history.filter((size) => size > 0);
  const bySteps = steps.length === counted.length ? steps : [];
  const sizes = counted.map((size, at) => size ?? bySteps[at]);
  const unknown = sizes.filter((size) => size === undefined).length;
  const rest = imageBytes - sum(sizes.map((size) => size ?? 0));
  return sizes.map((size) => size ?? Math.max(0, rest / unknown));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
