import { isDigest, type Digest } from './digest.ts';
import { mediaTypes } from './mediaTypes.ts';

/** OCI image-spec, descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

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

/** What the bytes of a manifest or an index say. `mediaType`: as they say of themselves, if they do. */
export type ReadManifest =
  | {
      readonly kind: 'image';
      readonly mediaType: string | undefined;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    }
  | { readonly kind: 'index'; readonly mediaType: string | undefined; readonly manifests: readonly Descriptor[] };

/** Undefined for what is neither a manifest nor an index, or names a single thing that has no sha256 digest and size. */
export function readManifest(bytes: Uint8Array): ReadManifest | undefined {
  const record = parseRecord(bytes);
  if (record?.['schemaVersion'] !== 2) return undefined;
  const mediaType = typeof record['mediaType'] === 'string' ? record['mediaType'] : undefined;
  const { config, layers, manifests } = record;
  if (manifests !== undefined) {
    const children = toDescriptors(manifests);
    return config === undefined && children !== undefined
      ? { kind: 'index', mediaType, manifests: children }
      : undefined;
  }
  const listed = toDescriptors(layers ?? []);
  return isDescriptor(config) && listed !== undefined
    ? { kind: 'image', mediaType, config, layers: listed }
    : undefined;
}

function toDescriptors(value: unknown): readonly Descriptor[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const descriptors = (value as unknown[]).filter(isDescriptor);
  return descriptors.length === value.length ? descriptors : undefined;
}

export function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size } = value as Record<string, unknown>;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return false;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
}

function parseRecord(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
