import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';

/**
 * Engines up to 24 name a layer's folder by an id of image format 1, made up for the archive: the digest of a JSON that
 * holds the layer's chain ID and its parent's id (moby v20.10, image/v1/imagev1.go `CreateID`, image/tarexport/save.go
 * `saveImage`). All layers but the top one have the same empty container_config and the epoch as date, so that their
 * ids can be computed from the diffIDs, and the top one is known by its parent. Gives what the `json` file in the folder
 * `id` tells of the layer beside it; undefined if it tells nothing. A hint, worth proving by hash.
 */
export function legacyDiffId(id: string, json: unknown, diffIds: readonly Digest[]): Digest | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { id: own, parent, created } = json as { id?: unknown; parent?: unknown; created?: unknown };
  if (own !== id) return undefined;
  if (diffIds.length === 1) return parent === undefined ? diffIds[0] : undefined;
  // The epoch is written in the time zone of the engine; a top layer has a date of its own.
  for (const epoch of new Set([utcEpoch, String(created)])) {
    const ids = idsBelowTop(diffIds, epoch);
    const place = ids.indexOf(id);
    if (place >= 0) return diffIds[place];
    if (parent !== undefined && parent === ids.at(-1)) return diffIds.at(-1);
  }
  return undefined;
}

const utcEpoch = '1970-01-01T00:00:00Z';

const emptyContainerConfig =
  '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,' +
  '"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"",' +
  '"Entrypoint":null,"OnBuild":null,"Labels":null}';

/** One id per layer, base first, without the top one. */
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

/** The diffID that a file is named after (`<hex>`, `<hex>.tar`), if it is one of the image's. */
export function namedDiffId(fileName: string, diffIds: readonly Digest[]): Digest | undefined {
  const digest = `sha256:${fileName.replace(/\.tar$/, '')}`;
  return isDigest(digest) && diffIds.includes(digest) ? digest : undefined;
}
