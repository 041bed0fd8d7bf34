import { isDigest, type Digest } from './digest.ts';

/**
 * The diffIDs that an image's config names, base first (OCI image-spec, config.md §Properties: `rootfs`). Undefined for
 * anything that is no image config: a manifest, an artifact's config, what is no JSON. A config of an image without
 * layers may leave `diff_ids` out: Docker writes it so.
 */
export function readDiffIds(config: Uint8Array): readonly Digest[] | undefined {
  const record = toRecord(parse(config));
  // No config has these, and every manifest and index has the first.
  if (record === undefined || 'schemaVersion' in record || 'manifests' in record) return undefined;
  const rootfs = toRecord(record['rootfs']);
  if (rootfs?.['type'] !== 'layers') return undefined;
  const diffIds: unknown = rootfs['diff_ids'] ?? [];
  if (!Array.isArray(diffIds)) return undefined;
  const digests = (diffIds as unknown[]).filter((diffId) => typeof diffId === 'string').filter(isDigest);
  return digests.length === diffIds.length ? digests : undefined;
}

/** True if these bytes are an image config that names just these layers, in this order. */
export function isConfigOf(config: Uint8Array, diffIds: readonly Digest[]): boolean {
  const named = readDiffIds(config);
  return named?.length === diffIds.length && named.every((diffId, at) => diffId === diffIds[at]);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

function toRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
