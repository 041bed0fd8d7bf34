import { TeaChestError, type ErrorFacts } from '../../base/errors.ts';
import { digestOf, shortDigest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { archivePath } from './tarEntries.ts';
import type { ArchiveSubject } from '../types.ts';
import type { ArchiveImage } from '../../ports/imageSource.ts';

interface Config {
  readonly bytes: Uint8Array;
  /** Its digest is the image's ID, as in docker's classic store. Otherwise its layers and platform are the image's. */
  readonly isTheImage: boolean;
}

interface ManifestEntry {
  readonly config: string;
  readonly layers: readonly string[];
}

/** An image has at most 127 layers, so that its archive has far fewer files. */
const maxFiles = 100_000;
const maxLinks = 40;

/** The paths of an archive, and those of its documents that may describe the image. */
export class ArchiveContents {
  readonly #subject: ArchiveSubject;
  readonly #files = new Set<string>();
  readonly #links = new Map<string, string>();
  readonly #layers = new Set<string>();
  readonly #oversized = new Set<string>();
  readonly #configs = new Map<string, Config>();
  #manifest: unknown;
  /** Digests in `index.json`: with containerd's store one of them is the image's ID. */
  #indexed: readonly unknown[] = [];

  constructor(subject: ArchiveSubject) {
    this.#subject = subject;
  }

  addFile(path: string): void {
    if (this.#files.has(path)) throw invalid(`holds “${path}” twice`, { path });
    if (this.#files.size >= maxFiles) throw invalid(`has more than ${maxFiles} files`);
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
    const document = parseJson(bytes);
    if (path === 'manifest.json') {
      if (document === undefined) throw invalid('has a manifest.json that is not JSON');
      this.#manifest = document;
    } else if (path === 'index.json') {
      const manifests = field(document, 'manifests');
      if (Array.isArray(manifests)) this.#indexed = manifests.map((one) => field(one, 'digest'));
    } else {
      const isTheImage = digestOf(bytes) === this.#subject.id;
      if (isTheImage || isLike(document, this.#subject)) this.#configs.set(path, { bytes, isTheImage });
    }
  }

  /** The image that manifest.json describes; call it when the whole archive was read. */
  image(): ArchiveImage {
    const entries = this.#entries();
    const config = (entry: ManifestEntry): Config | undefined => this.#configs.get(this.#resolve(entry.config));
    const byName = this.#indexed.includes(this.#subject.id) ? entries.find((entry) => config(entry)) : undefined;
    const chosen = entries.find((entry) => config(entry)?.isTheImage) ?? byName;
    const found = chosen && config(chosen);
    if (chosen === undefined || found === undefined) throw this.#noConfig(entries);
    return { kind: 'image', config: found.bytes, layers: chosen.layers.map((layer) => this.#layer(layer)) };
  }

  #entries(): ManifestEntry[] {
    if (this.#oversized.has('manifest.json')) throw invalid('has a manifest.json of absurd size');
    if (this.#manifest === undefined) {
      const sentence = 'The engine’s archive of the image ends without its manifest.json, so it is not whole.';
      throw new TeaChestError('archiveTruncated', sentence, { stage: 'export' });
    }
    if (!Array.isArray(this.#manifest)) throw invalid('has a manifest.json that is not a list');
    return this.#manifest.map(toEntry);
  }

  #layer(name: string): string {
    const path = this.#resolve(name);
    if (this.#layers.has(path)) return path;
    if (this.#files.has(path)) throw invalid(`names “${name}” as a layer, which it is not`, { path: name });
    throw invalid(`lists the layer “${name}” and does not hold it`, { path: name });
  }

  #resolve(name: string): string {
    let path = archivePath(name, '');
    for (let hops = 0; hops < maxLinks; hops++) {
      const target = this.#links.get(path);
      if (target === undefined) return path;
      path = target;
    }
    throw invalid(`has links that lead nowhere (“${name}”)`, { path: name });
  }

  #noConfig(entries: readonly ManifestEntry[]): TeaChestError {
    const { id } = this.#subject;
    for (const { config } of entries) {
      const path = this.#resolve(config);
      if (this.#oversized.has(path)) return invalid(`has a configuration of absurd size (“${config}”)`, { path });
      if (!this.#files.has(path)) return invalid(`lists the configuration “${config}” and does not hold it`, { path });
    }
    return invalid(`holds no configuration that is the one of image ${shortDigest(id)}`, { image: id });
  }
}

/** Undefined if the bytes are not JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

function toEntry(value: unknown): ManifestEntry {
  const config = field(value, 'Config');
  const layers = field(value, 'Layers') ?? [];
  const areNames = Array.isArray(layers) && layers.every((layer) => typeof layer === 'string');
  if (typeof config === 'string' && areNames) return { config, layers };
  throw invalid('has a manifest.json without the names of its configuration and its layers');
}

/** In containerd's store the ID is that of a manifest or an index: the config is identified by its layers and platform. */
function isLike(document: unknown, { diffIds, platform }: ArchiveSubject): boolean {
  const listed = field(field(document, 'rootfs'), 'diff_ids') ?? [];
  const os = field(document, 'os');
  const architecture = field(document, 'architecture');
  const variant = field(document, 'variant');
  const own = `${String(os)}/${String(architecture)}${typeof variant === 'string' && variant !== '' ? `/${variant}` : ''}`;
  return (
    Array.isArray(listed) &&
    listed.length === diffIds.length &&
    diffIds.every((diffId, at) => listed[at] === diffId) &&
    own === formatPlatform(platform)
  );
}

function field(value: unknown, name: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return has ? (value as Record<string, unknown>)[name] : undefined;
}

function invalid(what: string, facts: ErrorFacts = {}): TeaChestError {
  return new TeaChestError('archiveInvalid', `The engine’s archive of the image ${what}.`, { stage: 'export', facts });
}
