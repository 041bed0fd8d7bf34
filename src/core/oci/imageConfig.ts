import * as v from 'valibot';
import { parseJson } from '../base/json.ts';
import { digestSchema, type Digest } from './digest.ts';

const imageConfig = v.object({
  // No config has these, and every manifest and index has the first.
  schemaVersion: v.optional(v.undefined()),
  manifests: v.optional(v.undefined()),
  rootfs: v.object({ type: v.literal('layers'), diff_ids: v.nullish(v.array(digestSchema), []) }),
});

/**
 * The diffIDs that an image's config names, base first (OCI image-spec, config.md §Properties: `rootfs`). Undefined for
 * anything that is no image config: a manifest, an artifact's config, what is no JSON. A config of an image without
 * layers may leave `diff_ids` out: Docker writes it so.
 */
export function readDiffIds(config: Uint8Array): readonly Digest[] | undefined {
  return parseJson(imageConfig, config)?.rootfs.diff_ids;
}

/** True if these bytes are an image config that names just these layers, in this order. */
export function isConfigOf(config: Uint8Array, diffIds: readonly Digest[]): boolean {
  const named = readDiffIds(config);
  return named?.length === diffIds.length && named.every((diffId, at) => diffId === diffIds[at]);
}
