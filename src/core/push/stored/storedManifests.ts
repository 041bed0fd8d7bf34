import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { readManifest, type Descriptor, type IndexItem, type ReadManifest } from '../../oci/manifest.ts';
import { isIndex, mediaTypes } from '../../oci/mediaTypes.ts';
import type { EngineManifest } from '../../ports/imageSource.ts';
import type { RelayedManifest } from '../../relay/relayBackend.ts';

/** Bytes of all manifests of an image together, which are kept in memory. Each has a few kilobytes. */
const maxTotalSize = 16 * 1024 * 1024;

/** Written by BuildKit into the descriptor of an attestation (docs/attestations/attestation-storage.md). */
const attestedDigest = 'vnd.docker.reference.digest';

interface StoredManifest {
  readonly bytes: Buffer;
  readonly read: ReadManifest;
}

/** The manifests that are published, and what they refer to. */
export interface ManifestGraph {
  /** Each before the index that names it: the last one is the tag's. */
  readonly manifests: readonly RelayedManifest[];
  /** Configs and layers. */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** Manifests that are named, but have not come (yet). */
  readonly absent: readonly Digest[];
}

/** The manifests and indexes of an archive, by digest. Their bytes were hashed. */
export class StoredManifests {
  readonly #manifests = new Map<Digest, StoredManifest>();
  #totalSize = 0;

  /** False if the bytes are no manifest. */
  add(digest: Digest, bytes: Buffer): boolean {
    const read = readManifest(bytes);
    if (read === undefined) return false;
    this.#totalSize += bytes.byteLength;
    if (this.#totalSize > maxTotalSize) {
      const sentence = l10n.t`The image’s manifests have more than ${maxTotalSize / 1024 / 1024} MiB. No registry takes manifests of that size.`;
      throw new TeaChestError('imageUnsupported', sentence, { stage: 'export' });
    }
    this.#manifests.set(digest, { bytes, read });
    return true;
  }

  has(digest: Digest): boolean {
    return this.#manifests.has(digest);
  }

  /**
   * Follows the references of `top`. `kept`: of an index only these manifests are published, and the index is written anew
   * without the others.
   */
  graphOf(
    top: Pick<Descriptor, 'digest'> & { readonly mediaType: string | undefined },
    kept?: ReadonlySet<Digest>,
  ): ManifestGraph {
    const manifests = new Map<Digest, RelayedManifest>();
    const blobs = new Map<Digest, Descriptor>();
    const absent: Digest[] = [];
    const visit = (digest: Digest, mediaType: string | undefined): RelayedManifest | undefined => {
      const stored = this.#manifests.get(digest);
      if (stored === undefined) {
        absent.push(digest);
        return undefined;
      }
      const { bytes, read } = stored;
      if (read.kind === 'image') {
        for (const blob of [read.config, ...read.layers]) blobs.set(blob.digest, blob);
        return add(bytes, mediaType ?? read.mediaType ?? mediaTypes.ociManifest);
      }
      const items = read.manifests.map((item) => {
        const isLeftOut = kept !== undefined && !isIndex(item.mediaType) && !kept.has(item.digest);
        return isLeftOut ? undefined : visit(item.digest, item.mediaType);
      });
      const isWhole = kept === undefined || items.every((item, at) => item?.digest === read.manifests[at]?.digest);
      return add(isWhole ? bytes : rewriteIndex(bytes, items), mediaType ?? read.mediaType ?? mediaTypes.ociIndex);
    };
    const add = (bytes: Buffer, mediaType: string): RelayedManifest => {
      const digest = digestOf(bytes);
      const manifest = { reference: digest, digest, mediaType, bytes };
      // An index may name a manifest twice.
      if (!manifests.has(digest)) manifests.set(digest, manifest);
      return manifest;
    };
    visit(top.digest, top.mediaType);
    return { manifests: [...manifests.values()], blobs, absent };
  }

  /** The manifests that an index names, as newer engines list them. `isStored`: a config or layer is in the registry. */
  list(top: Digest, isStored: (blob: Digest) => boolean): readonly EngineManifest[] {
    const stored = this.#manifests.get(top);
    if (stored?.read.kind !== 'index') return [];
    return stored.read.manifests.flatMap((item) => {
      if (isIndex(item.mediaType)) return this.list(item.digest, isStored);
      const { blobs, absent } = this.graphOf(item);
      const isAvailable = absent.length === 0 && [...blobs.keys()].every(isStored);
      const attests = item.annotations?.[attestedDigest] as Digest | undefined;
      return [
        { digest: item.digest, isAvailable, platform: attests === undefined ? platformOf(item) : undefined, attests },
      ];
    });
  }
}

function platformOf({ platform }: IndexItem): EngineManifest['platform'] {
  if (platform === undefined) return undefined;
  const { os, architecture, variant = '' } = platform;
  return { os, architecture, ...(variant !== '' && { variant }) };
}

/** Of each manifest of the index the one that stands in its place; undefined for one that is left out. Other members stay. */
function rewriteIndex(bytes: Buffer, items: readonly (RelayedManifest | undefined)[]): Buffer {
  const index = JSON.parse(bytes.toString('utf8')) as { readonly manifests: readonly object[] };
  const manifests = index.manifests.flatMap((item, at) => {
    const kept = items[at];
    return kept === undefined ? [] : [{ ...item, digest: kept.digest, size: kept.bytes.byteLength }];
  });
  return Buffer.from(JSON.stringify({ ...index, manifests }), 'utf8');
}
