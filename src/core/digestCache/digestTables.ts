import * as v from 'valibot';
import { digestSchema, type Digest } from '../oci/digest.ts';
import { byteCount, descriptor, type Descriptor } from '../oci/manifest.ts';
import { CacheTable } from './cacheTable.ts';

/** What compressing a layer once has shown: the stored blob, and the layer's size before compression, in bytes. */
const knownLayer = v.object({ digest: digestSchema, size: byteCount, tarSize: byteCount });

export type KnownLayer = Readonly<v.InferOutput<typeof knownLayer>>;

/** A layer in the form in which an engine's own push stored it, whatever the codec of our own pushes. */
const engineBlob = v.object({ ...knownLayer.entries, mediaType: v.string() });

export type EngineBlob = Readonly<v.InferOutput<typeof engineBlob>>;

/** An image that went out with the engine's own manifest. */
const publishedImage = v.object({
  digest: digestSchema,
  mediaType: v.string(),
  /** Stored bytes of all its blobs. */
  bytes: byteCount,
  /** Base first; empty if they are not known. */
  layers: v.pipe(v.array(descriptor), v.readonly()),
  /** What the engine said of that push. */
  notices: v.pipe(v.array(v.string()), v.readonly()),
});

export type PublishedImage = Readonly<v.InferOutput<typeof publishedImage>>;

/** `config`: base64. */
const storedImage = v.object({ config: v.string(), layers: v.pipe(v.array(descriptor), v.readonly()) });

type StoredImage = Readonly<v.InferOutput<typeof storedImage>>;

/** All that a manifest is made of, so that a push which moves nothing needs not ask the engine for bytes. */
export interface KnownImage {
  /** The config's bytes, verbatim. */
  readonly config: Uint8Array;
  readonly layers: readonly Descriptor[];
}

export type DigestTables = Readonly<{
  layers: CacheTable<KnownLayer>;
  images: CacheTable<StoredImage>;
  /** Repositories by registry and blob. */
  locations: CacheTable<readonly string[]>;
  engineBlobs: CacheTable<EngineBlob>;
  engineDigests: CacheTable<Digest>;
  published: CacheTable<PublishedImage>;
  /** By image ID: the registries that it was pushed to, by origin, and when last, in milliseconds since the epoch. */
  pushes: CacheTable<Readonly<Record<string, number>>>;
}>;

export function createTables(now: () => number): DigestTables {
  return {
    layers: new CacheTable(knownLayer, 20_000, now),
    images: new CacheTable(storedImage, 500, now),
    locations: new CacheTable(v.pipe(v.array(v.string()), v.readonly()), 20_000, now),
    engineBlobs: new CacheTable(engineBlob, 20_000, now),
    engineDigests: new CacheTable(digestSchema, 20_000, now),
    published: new CacheTable(publishedImage, 500, now),
    pushes: new CacheTable(v.record(v.string(), v.number()), 1_000, now),
  };
}
