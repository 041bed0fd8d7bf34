import * as v from 'valibot';
import { lenient, parseJson } from '../../base/json.ts';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import type { ArchiveSubject } from '../types.ts';

const legacyLayer = v.object({ id: v.string(), parent: lenient(v.string()), created: lenient(v.string()) });

const utcEpoch = '1970-01-01T00:00:00Z';

type LegacySubject = Pick<ArchiveSubject, 'diffIds' | 'createdAt'>;

/** The layers of images whose archive dates them with one epoch. */
interface IdTable {
  /** All layers but the top ones, by their IDs. */
  readonly below: ReadonlyMap<string, Digest>;
  /** The images whose top layer has this parent. */
  readonly tops: ReadonlyMap<string | undefined, readonly LegacySubject[]>;
}

/**
 * Names the layers of an archive of engines up to 24 by the `json` files in their folders. It is a hint that must be proved
 * by hashing.
 *
 * These engines name a layer's folder by an ID of image format 1, which they make for the archive: the digest of a JSON
 * with the layer's chain ID and its parent's ID (moby v20.10, image/v1/imagev1.go `CreateID`, image/tarexport/save.go
 * `saveImage`). All layers but the top one have the same empty container_config and the epoch as date: their IDs can be
 * computed from the diffIDs, and the top layer is found by its parent.
 */
export class LegacyLayerIds {
  readonly #images: readonly LegacySubject[];
  readonly #tables = new Map<string, IdTable>();

  constructor(images: readonly LegacySubject[]) {
    this.#images = images;
  }

  /** The diffID of the layer in the folder `id`; undefined if its `json` does not say. */
  diffId(id: string, json: string | Uint8Array): Digest | undefined {
    const { id: own, parent, created = '' } = parseJson(legacyLayer, json) ?? {};
    if (own !== id) return undefined;
    // The engine writes the epoch in its own time zone; a top layer has another date.
    for (const epoch of new Set([utcEpoch, ...(Date.parse(created) === 0 ? [created] : [])])) {
      const { below, tops } = this.#table(epoch);
      const found = below.get(id) ?? topOf(tops.get(parent) ?? [], created);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #table(epoch: string): IdTable {
    const known = this.#tables.get(epoch);
    if (known !== undefined) return known;
    const below = new Map<string, Digest>();
    const tops = new Map<string | undefined, LegacySubject[]>();
    for (const image of this.#images) {
      if (image.diffIds.length === 0) continue;
      const ids = idsBelowTop(image.diffIds, epoch);
      for (const [at, diffId] of image.diffIds.slice(0, -1).entries()) below.set(ids[at] ?? '', diffId);
      tops.set(ids.at(-1), [...(tops.get(ids.at(-1)) ?? []), image]);
    }
    const table = { below, tops };
    this.#tables.set(epoch, table);
    return table;
  }
}

/** Images on the same base are told apart by their dates. Undefined if that leaves several layers. */
function topOf(images: readonly LegacySubject[], created: string): Digest | undefined {
  const dated = images.filter(
    ({ createdAt }) => createdAt !== undefined && Date.parse(createdAt) === Date.parse(created),
  );
  const diffIds = new Set((images.length === 1 ? images : dated).map(({ diffIds: all }) => all.at(-1)));
  return diffIds.size === 1 ? [...diffIds][0] : undefined;
}

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

/** The diffID that a file is named after (`<hex>`, `<hex>.tar`). */
export function namedDiffId(fileName: string, diffIds: ReadonlySet<Digest>): Digest | undefined {
  const digest = `sha256:${fileName.replace(/\.tar$/, '')}`;
  return isDigest(digest) && diffIds.has(digest) ? digest : undefined;
}
