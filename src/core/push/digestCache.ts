import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../base/logger.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { isDescriptor, type Descriptor } from '../oci/manifest.ts';

/** What compressing a layer once has taught: the stored blob, and the layer's size before compression, in bytes. */
export interface KnownLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly tarSize: number;
}

/** A layer in the form in which an engine's own push stored it, whatever the codec of our own pushes. */
export interface EngineBlob extends KnownLayer {
  readonly mediaType: string;
}

/** All that a manifest is made of, so that a push which moves nothing needs not ask the engine for bytes. */
export interface KnownImage {
  /** The config's bytes, verbatim. */
  readonly config: Uint8Array;
  readonly layers: readonly Descriptor[];
}

/** An image that went out with the engine's own manifest. */
export interface PublishedImage {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Stored bytes of all its blobs. */
  readonly bytes: number;
  /** Base first; empty if they could not be told. */
  readonly layers: readonly Descriptor[];
  /** What the engine said of that push. */
  readonly notices: readonly string[];
}

interface Entry<T> {
  readonly value: T;
  /** Milliseconds since the epoch; the oldest entries go first when there are too many. */
  usedAt: number;
}

type Table<T> = Map<string, Entry<T>>;
interface StoredImage {
  readonly config: string;
  readonly layers: readonly Descriptor[];
}

interface StoredTables {
  readonly layers: Table<KnownLayer>;
  readonly images: Table<StoredImage>;
  readonly locations: Table<readonly string[]>;
  readonly engineBlobs: Table<EngineBlob>;
  readonly engineDigests: Table<Digest>;
  readonly published: Table<PublishedImage>;
}

/**
 * Version 1 had images whose config was a manifest, layers that only a tag spoke for, and what was published of an index
 * without the platforms: of it only what was proved by bytes is read.
 */
const version = 2;
const limits = {
  layers: 20_000,
  images: 500,
  locations: 20_000,
  engineBlobs: 20_000,
  engineDigests: 20_000,
  published: 500,
} as const;
/** Configs are a few kilobytes; one that is larger than this is not worth keeping. */
const largestConfig = 256 * 1024;
const repositoriesPerBlob = 3;

/**
 * Remembers across pushes: diffID + codec → stored blob; image ID + codec → config and layers; registry + blob →
 * repositories that have it. One JSON file, safe to delete at any time: everything in it is checked against the
 * registry before it is relied on, and made again when it is missing.
 */
export class DigestCache {
  readonly #file: string;
  readonly #logger: Logger;
  readonly #now: () => number;
  #layers: Table<KnownLayer> = new Map();
  #images: Table<StoredImage> = new Map();
  #locations: Table<readonly string[]> = new Map();
  #engineBlobs: Table<EngineBlob> = new Map();
  #engineDigests: Table<Digest> = new Map();
  #published: Table<PublishedImage> = new Map();
  #loaded: Promise<void> | undefined;
  /** Registries whose rows in the file must not come back when the file is merged. */
  readonly #forgotten = new Set<string>();
  /** Rows that were wrong, as table and key: they must not come back from the file either. */
  readonly #dropped = new Set<string>();
  #dirty = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(file: string, logger: Logger, now: () => number) {
    this.#file = file;
    this.#logger = logger;
    this.#now = now;
  }

  /** Reads the file, once; must be awaited before anything else. */
  load(): Promise<void> {
    this.#loaded ??= this.#read();
    return this.#loaded;
  }

  layer(diffId: Digest, codecId: string): KnownLayer | undefined {
    return this.#get(this.#layers, `${codecId} ${diffId}`);
  }

  rememberLayer(diffId: Digest, codecId: string, layer: KnownLayer): void {
    this.#set('layers', `${codecId} ${diffId}`, layer, this.#layers);
  }

  dropLayer(diffId: Digest, codecId: string): void {
    this.#drop('layers', this.#layers, `${codecId} ${diffId}`);
    this.#drop('engineBlobs', this.#engineBlobs, diffId);
  }

  /** `platform`: the one that `inspect` speaks of. An index keeps its ID while that changes. */
  image(id: Digest, codecId: string, platform: string): KnownImage | undefined {
    const stored = this.#get(this.#images, `${codecId} ${id} ${platform}`);
    return stored && { config: Buffer.from(stored.config, 'base64'), layers: stored.layers };
  }

  rememberImage(id: Digest, codecId: string, platform: string, image: KnownImage): void {
    if (image.config.byteLength > largestConfig) return;
    const stored = { config: Buffer.from(image.config).toString('base64'), layers: image.layers };
    this.#set('images', `${codecId} ${id} ${platform}`, stored, this.#images);
  }

  dropImage(id: Digest, codecId: string, platform: string): void {
    this.#drop('images', this.#images, `${codecId} ${id} ${platform}`);
  }

  /** Repositories of a registry that were seen to have a blob, latest first: candidates to mount it from. */
  repositoriesWith(origin: string, blob: Digest): readonly string[] {
    return this.#get(this.#locations, `${origin} ${blob}`) ?? [];
  }

  rememberLocation(origin: string, blob: Digest, repository: string): void {
    const before = this.repositoriesWith(origin, blob);
    if (before[0] === repository) return;
    const others = before.filter((other) => other !== repository);
    const repositories = [repository, ...others].slice(0, repositoriesPerBlob);
    this.#set('locations', `${origin} ${blob}`, repositories, this.#locations);
  }

  /** The blob that an engine made of a layer and that was carried on to a registry as it was. */
  engineBlob(diffId: Digest): EngineBlob | undefined {
    return this.#get(this.#engineBlobs, diffId);
  }

  rememberEngineBlob(diffId: Digest, blob: EngineBlob): void {
    this.#set('engineBlobs', diffId, blob, this.#engineBlobs);
  }

  /** The digest by which an engine asks for a layer. Not always that of a blob which exists anywhere (`learnDigests`). */
  engineDigest(engineId: string, diffId: Digest): Digest | undefined {
    return this.#get(this.#engineDigests, `${engineId} ${diffId}`);
  }

  rememberEngineDigest(engineId: string, diffId: Digest, digest: Digest): void {
    this.#set('engineDigests', `${engineId} ${diffId}`, digest, this.#engineDigests);
  }

  /** What the engine's own manifest made of an image, when it was relayed last. `key`: see `publishedKey`. */
  published(key: string): PublishedImage | undefined {
    return this.#get(this.#published, key);
  }

  rememberPublished(key: string, image: PublishedImage): void {
    this.#set('published', key, image, this.#published);
  }

  /** Forgets which repositories of a registry have what: part of signing out of it. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.load();
    this.#forgotten.add(origin);
    for (const key of this.#locations.keys()) {
      if (key.startsWith(`${origin} `)) this.#locations.delete(key);
    }
    this.#dirty = true;
    await this.save();
  }

  /** Writes what is new. The file is replaced whole, and what another window wrote meanwhile is kept. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  #get<T>(table: Table<T>, key: string): T | undefined {
    const entry = table.get(key);
    if (entry === undefined) return undefined;
    entry.usedAt = this.#now();
    return entry.value;
  }

  #set<T>(name: keyof StoredTables, key: string, value: T, table: Table<T>): void {
    table.set(key, { value, usedAt: this.#now() });
    this.#dropped.delete(`${name} ${key}`);
    this.#dirty = true;
    trim(table, limits[name]);
  }

  #drop<T>(name: keyof StoredTables, table: Table<T>, key: string): void {
    table.delete(key);
    this.#dropped.add(`${name} ${key}`);
    this.#dirty = true;
  }

  async #read(): Promise<void> {
    const stored = await this.#parse();
    if (stored === undefined) return;
    this.#layers = stored.layers;
    this.#images = stored.images;
    this.#locations = stored.locations;
    this.#engineBlobs = stored.engineBlobs;
    this.#engineDigests = stored.engineDigests;
    this.#published = stored.published;
  }

  async #parse(): Promise<StoredTables | undefined> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      if (!isRecord(stored) || (stored['version'] !== version && stored['version'] !== 1)) return undefined;
      const proved = stored['version'] === version ? stored : {};
      return {
        layers: toTable(stored['layers'], isKnownLayer),
        images: toTable(proved['images'], isStoredImage),
        locations: toTable(stored['locations'], isTexts),
        engineBlobs: toTable(proved['engineBlobs'], isEngineBlob),
        engineDigests: toTable(stored['engineDigests'], isDigestText),
        published: toTable(proved['published'], isPublished),
      };
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing)
        this.#logger.warn(`The digest cache ${this.#file} is not readable and is begun anew: ${String(error)}`);
      return undefined;
    }
  }

  async #write(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const theirs = await this.#parse();
    for (const key of theirs?.locations.keys() ?? []) {
      if (this.#forgotten.has(key.slice(0, key.indexOf(' ')))) theirs?.locations.delete(key);
    }
    for (const [name, table] of Object.entries(theirs ?? {})) {
      for (const key of (table as Table<unknown>).keys()) {
        if (this.#dropped.has(`${name} ${key}`)) (table as Table<unknown>).delete(key);
      }
    }
    const merged = {
      version,
      layers: [...union(this.#layers, theirs?.layers, limits.layers)],
      images: [...union(this.#images, theirs?.images, limits.images)],
      locations: [...union(this.#locations, theirs?.locations, limits.locations)],
      engineBlobs: [...union(this.#engineBlobs, theirs?.engineBlobs, limits.engineBlobs)],
      engineDigests: [...union(this.#engineDigests, theirs?.engineDigests, limits.engineDigests)],
      published: [...union(this.#published, theirs?.published, limits.published)],
    };
    const temporary = `${this.#file}.${process.pid}`;
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(temporary, JSON.stringify(merged), { mode: 0o600 });
      await rename(temporary, this.#file);
    } catch (error) {
      // A push must not fail because its memory could not be written: the next one only works harder.
      this.#logger.warn(`The digest cache ${this.#file} could not be written: ${String(error)}`);
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

function trim<T>(table: Table<T>, limit: number): void {
  if (table.size <= limit) return;
  const oldestFirst = [...table].sort(([, a], [, b]) => a.usedAt - b.usedAt);
  // A tenth at once, so that a full table is not sorted at every insertion.
  for (const [key] of oldestFirst.slice(0, table.size - limit + Math.floor(limit / 10))) table.delete(key);
}

function union<T>(ours: Table<T>, theirs: Table<T> | undefined, limit: number): Table<T> {
  const all = new Map([...(theirs ?? []), ...ours]);
  trim(all, limit);
  return all;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function toTable<T>(stored: unknown, isValue: (value: unknown) => value is T): Table<T> {
  const table: Table<T> = new Map();
  if (!Array.isArray(stored)) return table;
  for (const row of stored as unknown[]) {
    if (!Array.isArray(row)) continue;
    const [key, entry] = row as unknown[];
    if (typeof key !== 'string' || !isRecord(entry) || typeof entry['usedAt'] !== 'number') continue;
    if (isValue(entry['value'])) table.set(key, { value: entry['value'], usedAt: entry['usedAt'] });
  }
  return table;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isKnownLayer(value: unknown): value is KnownLayer {
  return (
    isRecord(value) &&
    typeof value['digest'] === 'string' &&
    isDigest(value['digest']) &&
    isSize(value['size']) &&
    isSize(value['tarSize'])
  );
}

function isEngineBlob(value: unknown): value is EngineBlob {
  return isKnownLayer(value) && 'mediaType' in value && typeof value.mediaType === 'string';
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}

function isPublished(value: unknown): value is PublishedImage {
  return (
    isRecord(value) &&
    isDigestText(value['digest']) &&
    typeof value['mediaType'] === 'string' &&
    isSize(value['bytes']) &&
    Array.isArray(value['layers']) &&
    value['layers'].every(isDescriptor) &&
    isTexts(value['notices'])
  );
}

function isStoredImage(value: unknown): value is StoredImage {
  return (
    isRecord(value) &&
    typeof value['config'] === 'string' &&
    Array.isArray(value['layers']) &&
    value['layers'].every(isDescriptor)
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
