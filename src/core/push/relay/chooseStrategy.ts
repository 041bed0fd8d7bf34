/** What a layer costs depends on these two only. */
interface LayerCost {
  /** Uncompressed bytes; an estimate is good enough here. */
  readonly bytes: number;
  /** The registry does not have it. */
  readonly isMissing: boolean;
}

export interface StrategyInputs {
  readonly store: 'classic' | 'containerd';
  /** One for each distinct layer. */
  readonly layers: readonly LayerCost[];
  /** The engine can ask for all layers that the registry has, because it has a digest for each. */
  readonly knowsDigests: boolean;
  readonly cores: number;
  readonly codec: CodecKind;
}

export type CodecKind = 'gzip' | 'zstd' | 'none';

export interface StrategyChoice {
  readonly strategy: 'relay' | 'export';
  /** Milliseconds that each was reckoned to take on the engine's and our side, the link left out. */
  readonly relayMs: number;
  readonly exportMs: number;
}

const megabyte = 1e6;
/** Bytes per second and core, of Go's gzip at level 6, by which a classic engine compresses (measured: 35–45 MB/s). */
const engineGzip = 40 * megabyte;
/** Uploads of a classic engine side by side, one core each (moby: DefaultMaxConcurrentUploads). */
const engineUploads = 5;
/** A classic engine writes all layers to its disk before the first byte leaves (measured: 1.3 GB in 8.4 s, and 1.1 s). */
const engineSave = 140 * megabyte;
/** Bytes per second and core of our own codecs. */
const ourCodec: Readonly<Record<CodecKind, number>> = {
  gzip: 250 * megabyte,
  zstd: 300 * megabyte,
  none: 1_500 * megabyte,
};
/** Naming the image, the push's own questions, taking the name away. */
const relayBaseMs = 60;
const exportBaseMs = 50;
/** The figures are rough, and a busy engine compresses still more slowly: in doubt, the image is exported. */
const clearlySooner = 0.8;

/**
 * Which way brings an image's missing layers out of the engine sooner. Containerd's store has them compressed and sends
 * just those: always the relay. A classic engine compresses slowly what it sends, but an export has all layers written
 * to disk first, the ones that nobody needs as well: so the relay is for changes, a first push is exported.
 */
export function chooseStrategy({ store, layers, knowsDigests, cores, codec }: StrategyInputs): StrategyChoice {
  const missing = layers.filter(({ isMissing }) => isMissing).map(({ bytes }) => bytes);
  const total = sum(layers.map(({ bytes }) => bytes));
  const exportMs = exportBaseMs + seconds(total / engineSave + sum(missing) / (ourCodec[codec] * cores));
  if (store === 'containerd') return { strategy: 'relay', relayMs: relayBaseMs, exportMs };
  // Layers are not split: the largest one alone may take longer than its share of all cores.
  const workers = Math.min(cores, engineUploads);
  const compressing = (bytes: readonly number[]): number => Math.max(sum(bytes) / workers, ...bytes) / engineGzip;
  // An engine that lacks digests is let push everything to us first (`learnDigests`).
  const learning = knowsDigests ? 0 : compressing(layers.map(({ bytes }) => bytes));
  const relayMs = relayBaseMs + seconds(learning + compressing(missing));
  const isChange = missing.length < layers.length;
  return { strategy: isChange && relayMs <= exportMs * clearlySooner ? 'relay' : 'export', relayMs, exportMs };
}

const seconds = (value: number): number => Math.round(value * 1000);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
