import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError, type ErrorFacts } from '../../base/errors.ts';
import { listOf, parseJson, readValue } from '../../base/json.ts';
import { digestOf, shortDigest, type Digest } from '../../oci/digest.ts';
import { readManifest, type Descriptor, type ReadManifest } from '../../oci/manifest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { archivePath } from './tarEntries.ts';
import type { ArchiveSubject } from '../types.ts';
import type { ArchiveImage } from '../../ports/imageSource.ts';

/** What may be the config of one of the images. */
interface Config {
  readonly bytes: Uint8Array;
  /** In docker's classic store it is the image's ID. */
  readonly digest: Digest;
  /** Images that have its layers and platform. */
  readonly like: ReadonlySet<ArchiveSubject>;
}

const manifestEntry = v.object({ Config: v.string(), Layers: v.nullish(v.array(v.string()), []) });

type ManifestEntry = v.InferOutput<typeof manifestEntry>;

const index = v.object({ manifests: listOf(v.object({ digest: v.string() })) });

/** The fields of a config that identify an image. */
const configSchema = v.object({
  os: v.fallback(v.string(), ''),
  architecture: v.fallback(v.string(), ''),
  variant: v.fallback(v.string(), ''),
  rootfs: v.nullish(v.object({ diff_ids: v.nullish(v.array(v.string()), []) }), {}),
});

/** An image has at most 127 layers, so that an archive of a hundred images has far fewer files. */
const maxFiles = 100_000;
const maxLinks = 40;

/** The paths of an archive, and those of its documents that may describe the images. */
export class ArchiveContents {
  readonly #images: readonly ArchiveSubject[];
  readonly #files = new Set<string>();
  readonly #links = new Map<string, string>();
  readonly #layers = new Set<string>();
  readonly #oversized = new Set<string>();
  readonly #configs = new Map<string, Config>();
  /** By digest: what the manifests of an OCI layout say. */
  readonly #manifests = new Map<string, ManifestEntry>();
  #manifest: unknown;
  /** Digests in `index.json`: with containerd's store one of them is the image's ID. */
  #indexed: readonly string[] = [];

  constructor(images: readonly ArchiveSubject[]) {
    this.#images = images;
  }

  addFile(path: string): void {
    if (this.#files.has(path))
      throw invalid(l10n.t`The engine’s archive of the image holds “${path}” twice.`, { path });
    if (this.#files.size >= maxFiles)
      throw invalid(l10n.t`The engine’s archive of the image has more than ${maxFiles} files.`);
    this.#files.add(path);
  }

  addLink(path: string, target: string): void {
    this.#links.set(path, target);
  }

  addLayer(path: string): void {
    this.#layers.add(path);
  }

  /** A document that was too large to be read. */
  addOversized(path: string): void {
    this.#oversized.add(path);
  }

  addDocument(path: string, bytes: Uint8Array): void {
    if (path === 'manifest.json') {
      this.#manifest = parseJson(v.unknown(), bytes);
      if (this.#manifest === undefined)
        throw invalid(l10n.t('The engine’s archive of the image has a manifest.json that is not JSON.'));
    } else if (path === 'index.json') {
      this.#indexed = (parseJson(index, bytes)?.manifests ?? []).map(({ digest }) => digest);
    } else {
      const digest = digestOf(bytes);
      const manifest = readManifest(bytes);
      if (manifest?.kind === 'image') this.#manifests.set(digest, toLayoutEntry(manifest));
      const like = imagesLike(bytes, this.#images);
      if (like.size > 0 || this.#images.some(({ id }) => id === digest))
        this.#configs.set(path, { bytes, digest, like });
    }
  }

  /** One of the images, as manifest.json describes it; call it when the whole archive was read. */
  image(image: ArchiveSubject): ArchiveImage {
    const { id } = image;
    const entries = this.#entries();
    const config = (entry: ManifestEntry): Config | undefined => this.#configs.get(this.#resolve(entry.Config));
    const isLike = (entry: ManifestEntry): boolean => config(entry)?.like.has(image) === true;
    const byName = this.#indexed.includes(id) ? entries.find(isLike) : undefined;
    const chosen = entries.find((entry) => config(entry)?.digest === id) ?? byName;
    const found = chosen && config(chosen);
    if (chosen === undefined || found === undefined) throw this.#noConfig(entries, id);
    return { kind: 'image', id, config: found.bytes, layers: chosen.Layers.map((layer) => this.#layer(layer)) };
  }

  #entries(): ManifestEntry[] {
    if (this.#oversized.has('manifest.json'))
      throw invalid(l10n.t('The engine’s archive of the image has a manifest.json of absurd size.'));
    // Podman's OCI archive has no manifest.json.
    const listed = this.#indexed.flatMap((digest) => this.#manifests.get(digest) ?? []);
    if (this.#manifest === undefined && listed.length > 0) return listed;
    if (this.#manifest === undefined) {
      const sentence = l10n.t('The engine’s archive of the image ends without its manifest.json, so it is not whole.');
      throw new TeaChestError('archiveTruncated', sentence, { stage: 'export' });
    }
    if (!Array.isArray(this.#manifest))
      throw invalid(l10n.t('The engine’s archive of the image has a manifest.json that is not a list.'));
    return this.#manifest.map(toEntry);
  }

  #layer(name: string): string {
    const path = this.#resolve(name);
    if (this.#layers.has(path)) return path;
    if (this.#files.has(path))
      throw invalid(l10n.t`The engine’s archive of the image names “${name}” as a layer, which it is not.`, {
        path: name,
      });
    throw invalid(l10n.t`The engine’s archive of the image lists the layer “${name}” and does not hold it.`, {
      path: name,
    });
  }

  #resolve(name: string): string {
    let path = archivePath(name, '');
    for (let hops = 0; hops < maxLinks; hops++) {
      const target = this.#links.get(path);
      if (target === undefined) return path;
      path = target;
    }
    throw invalid(l10n.t`The engine’s archive of the image has links that lead nowhere (“${name}”).`, { path: name });
  }

  #noConfig(entries: readonly ManifestEntry[], id: Digest): TeaChestError {
    for (const { Config: config } of entries) {
      const path = this.#resolve(config);
      if (this.#oversized.has(path))
        return invalid(l10n.t`The engine’s archive of the image has a configuration of absurd size (“${config}”).`, {
          path,
        });
      if (!this.#files.has(path))
        return invalid(
          l10n.t`The engine’s archive of the image lists the configuration “${config}” and does not hold it.`,
          { path },
        );
    }
    return invalid(
      l10n.t`The engine’s archive of the image holds no configuration that is the one of image ${shortDigest(id)}.`,
      { image: id },
    );
  }
}

function toLayoutEntry({ config, layers }: Extract<ReadManifest, { kind: 'image' }>): ManifestEntry {
  const pathOf = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;
  return { Config: pathOf(config), Layers: layers.map(pathOf) };
}

function toEntry(value: unknown): ManifestEntry {
  const entry = readValue(manifestEntry, value);
  if (entry !== undefined) return entry;
  throw invalid(
    l10n.t(
      'The engine’s archive of the image has a manifest.json without the names of its configuration and its layers.',
    ),
  );
}

/** In containerd's store the ID is that of a manifest or an index: the config is identified by its layers and platform. */
function imagesLike(bytes: Uint8Array, images: readonly ArchiveSubject[]): ReadonlySet<ArchiveSubject> {
  const config = parseJson(configSchema, bytes);
  if (config === undefined) return new Set();
  const { diff_ids: listed } = config.rootfs;
  return new Set(
    images.filter(
      ({ diffIds, platform }) =>
        listed.length === diffIds.length &&
        diffIds.every((diffId, at) => listed[at] === diffId) &&
        formatPlatform(config) === formatPlatform(platform),
    ),
  );
}

function invalid(message: string, facts: ErrorFacts = {}): TeaChestError {
  return new TeaChestError('archiveInvalid', message, {
    stage: 'export',
    facts,
  });
}
