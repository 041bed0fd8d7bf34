import * as v from 'valibot';
import { lenient, parseJson } from '../base/json.ts';
import { digestSchema } from './digest.ts';
import { mediaTypes } from './mediaTypes.ts';

export const byteCount = v.custom<number>((value) => Number.isSafeInteger(value) && Number(value) >= 0);

/** OCI image-spec, descriptor.md. `size` is in bytes. */
export const descriptor = v.object({ mediaType: v.string(), digest: digestSchema, size: byteCount });

export type Descriptor = Readonly<v.InferOutput<typeof descriptor>>;

/** OCI image-spec, image-index.md: an item of `manifests`. */
const indexItem = v.object({
  ...descriptor.entries,
  platform: lenient(
    v.object({
      ...{ os: v.fallback(v.string(), ''), architecture: v.fallback(v.string(), '') },
      variant: v.optional(v.fallback(v.string(), '')),
    }),
  ),
  annotations: lenient(v.record(v.string(), v.string())),
});

export type IndexItem = Readonly<v.InferOutput<typeof indexItem>>;

/** OCI image-spec, manifest.md. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Builds the manifest and its one serialisation: these bytes are sent, hashed and compared, never made again. */
export function serializeManifest(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: plain(config),
    layers: layers.map(plain),
  };
  return Buffer.from(JSON.stringify(manifest), 'utf8');
}

const schemaVersion = v.literal(2);
const mediaType = lenient(v.string());
const absent = v.optional(v.undefined());

const manifestOrIndex = v.union([
  v.pipe(
    v.object({
      ...{ schemaVersion, mediaType, manifests: absent },
      config: descriptor,
      layers: v.nullish(v.array(descriptor), []),
    }),
    v.transform((manifest) => ({ kind: 'image' as const, ...manifest })),
  ),
  v.pipe(
    v.object({ schemaVersion, mediaType, config: absent, manifests: v.array(indexItem) }),
    v.transform((index) => ({ kind: 'index' as const, ...index })),
  ),
]);

/** What the bytes of a manifest or an index say. `mediaType`: as they say of themselves, if they do. */
export type ReadManifest = Readonly<v.InferOutput<typeof manifestOrIndex>>;

/** Undefined for what is neither a manifest nor an index, or names a single thing that has no sha256 digest and size. */
export function readManifest(bytes: Uint8Array): ReadManifest | undefined {
  return parseJson(manifestOrIndex, bytes);
}
