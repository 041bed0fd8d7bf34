import { isDigest, type Digest } from '../oci/digest.ts';
import { isDescriptor, type Descriptor } from '../oci/manifest.ts';

/** What compressing a layer once has shown: the stored blob, and the layer's size before compression, in bytes. */
export interface KnownLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly tarSize: number;
}

/** A layer in the form in which an engine's own push stored it, whatever the codec of our own pushes. */
export interface EngineBlob extends KnownLayer {
  readonly mediaType: string;
}

/** All that a manifest is made of, so that a push which moves nothing needs not ask the engine for bytes. */
export interface KnownImage {
  /** The config's bytes, verbatim. */
  readonly config: Uint8Array;
  readonly layers: readonly Descriptor[];
}

/** An image that went out with the engine's own manifest. */
export interface PublishedImage {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Stored bytes of all its blobs. */
  readonly bytes: number;
  /** Base first; empty if they could not be told. */
  readonly layers: readonly Descriptor[];
  /** What the engine said of that push. */
  readonly notices: readonly string[];
}

interface Entry<T> {
  readonly value: T;
  /** Milliseconds since the epoch; the oldest entries go first when there are too many. */
  usedAt: number;
}

export type Table<T> = Map<string, Entry<T>>;
export interface StoredImage {
  readonly config: string;
  readonly layers: readonly Descriptor[];
}

export interface StoredTables {
  readonly layers: Table<KnownLayer>;
  readonly images: Table<StoredImage>;
  readonly locations: Table<readonly string[]>;
  readonly engineBlobs: Table<EngineBlob>;
  readonly engineDigests: Table<Digest>;
  readonly published: Table<PublishedImage>;
  /** By image ID. */
  readonly pushes: Table<PushedTo>;
}

/** Registries that an image was pushed to, by origin: when last, in milliseconds. */
export type PushedTo = Readonly<Record<string, number>>;

export function toTable<T>(stored: unknown, isValue: (value: unknown) => value is T): Table<T> {
  const table: Table<T> = new Map();
  if (!Array.isArray(stored)) return table;
  for (const row of stored as unknown[]) {
    if (!Array.isArray(row)) continue;
    const [key, entry] = row as unknown[];
    if (typeof key !== 'string' || !isRecord(entry) || typeof entry['usedAt'] !== 'number') continue;
    if (isValue(entry['value'])) table.set(key, { value: entry['value'], usedAt: entry['usedAt'] });
  }
  return table;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function isKnownLayer(value: unknown): value is KnownLayer {
  return (
    isRecord(value) &&
    typeof value['digest'] === 'string' &&
    isDigest(value['digest']) &&
    isSize(value['size']) &&
    isSize(value['tarSize'])
  );
}

export function isEngineBlob(value: unknown): value is EngineBlob {
  return isKnownLayer(value) && 'mediaType' in value && typeof value.mediaType === 'string';
}

export function isDigestText(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}

export function isPublished(value: unknown): value is PublishedImage {
  return (
    isRecord(value) &&
    isDigestText(value['digest']) &&
    typeof value['mediaType'] === 'string' &&
    isSize(value['bytes']) &&
    Array.isArray(value['layers']) &&
    value['layers'].every(isDescriptor) &&
    isTexts(value['notices'])
  );
}

export function isStoredImage(value: unknown): value is StoredImage {
  return (
    isRecord(value) &&
    typeof value['config'] === 'string' &&
    Array.isArray(value['layers']) &&
    value['layers'].every(isDescriptor)
  );
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
