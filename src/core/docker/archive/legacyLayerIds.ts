import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';

const legacyLayer = v.object({ id: v.string(), parent: lenient(v.string()), created: lenient(v.string()) });

/**
 * The diffID of the layer in the folder `id`, by the `json` file in it; undefined if that does not say. It is a hint that
 * must be proved by hashing.
 *
 * Engines up to 24 name a layer's folder by an ID of image format 1, which they make for the archive: the digest of a JSON
 * with the layer's chain ID and its parent's ID (moby v20.10, image/v1/imagev1.go `CreateID`, image/tarexport/save.go
 * `saveImage`). All layers but the top one have the same empty container_config and the epoch as date: their IDs can be
 * computed from the diffIDs, and the top layer is found by its parent.
 */
export function legacyDiffId(id: string, json: string | Uint8Array, diffIds: readonly Digest[]): Digest | undefined {
  const { id: own, parent, created = '' } = parseJson(legacyLayer, json) ?? {};
  if (own !== id) return undefined;
  if (diffIds.length === 1) return parent === undefined ? diffIds[0] : undefined;
  // The engine writes the epoch in its own time zone; a top layer has another date.
  for (const epoch of new Set([utcEpoch, created])) {
    const ids = idsBelowTop(diffIds, epoch);
    const index = ids.indexOf(id);
    if (index >= 0) return diffIds[index];
    if (parent !== undefined && parent === ids.at(-1)) return diffIds.at(-1);
  }
  return undefined;
}

const utcEpoch = '1970-01-01T00:00:00Z';

const emptyContainerConfig =
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,' +
  '"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"",' +
  '"Entrypoint":null,"OnBuild":null,"Labels":null}';

/** The IDs of all layers but the top one, base first. */
function idsBelowTop(diffIds: readonly Digest[], epoch: string): string[] {
  const ids: string[] = [];
  let chain: Digest | undefined;
  for (const diffId of diffIds.slice(0, -1)) {
    chain = chain === undefined ? diffId : digestOf(Buffer.from(`${chain} ${diffId}`));
    const parent = ids.at(-1);
    const parentField = parent === undefined ? '' : `,"parent":"sha256:${parent}"`;
    const text = `{"container_config":${emptyContainerConfig},"created":"${epoch}","layer_id":"${chain}"${parentField}}`;
    ids.push(digestOf(Buffer.from(text)).slice('sha256:'.length));
  }
  return ids;
}

/** The diffID of the image that a file is named after (`<hex>`, `<hex>.tar`). */
export function namedDiffId(fileName: string, diffIds: readonly Digest[]): Digest | undefined {
  const digest = `sha256:${fileName.replace(/\.tar$/, '')}`;
  return isDigest(digest) && diffIds.includes(digest) ? digest : undefined;
}
