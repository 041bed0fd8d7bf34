import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../base/logger.ts';
import type { Digest } from '../oci/digest.ts';
import { dropOrigins, isPushedTo } from './digestOrigins.ts';
import {
  isRecord,
  isDigestText,
  isEngineBlob,
  isKnownLayer,
  isPublished,
  isStoredImage,
  isTexts,
  toTable,
  type EngineBlob,
  type KnownImage,
  type KnownLayer,
  type PublishedImage,
  type PushedTo,
  type StoredImage,
  type StoredTables,
  type Table,
} from './digestRows.ts';

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
  pushes: 1_000,
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
  #pushes: Table<PushedTo> = new Map();
  #loaded: Promise<void> | undefined;
  /** When registries were signed out of: older rows of them must not come back when the file is merged. */
  readonly #forgotten = new Map<string, number>();
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

  /** An image goes to a registry: what is remembered of it goes with the last registry that it went to. */
  rememberPush(id: Digest, origin: string): void {
    const before = this.#get(this.#pushes, id);
    this.#set('pushes', id, { ...before, [origin]: this.#now() }, this.#pushes);
  }

  /** Forgets what a registry has, and images that went to no other: part of signing out of it. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.load();
    this.#forgotten.set(origin, this.#now());
    dropOrigins(this.#tables, this.#forgotten);
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
    this.#pushes = stored.pushes;
  }

  get #tables(): Pick<StoredTables, 'locations' | 'images' | 'published' | 'pushes'> {
    return { locations: this.#locations, images: this.#images, published: this.#published, pushes: this.#pushes };
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
        pushes: toTable(stored['pushes'], isPushedTo),
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
    if (theirs !== undefined) dropOrigins(theirs, this.#forgotten);
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
      pushes: [...union(this.#pushes, theirs?.pushes, limits.pushes)],
    };
    // Other windows, and other machines with this home, write at the same time.
    const temporary = `${this.#file}.${randomBytes(6).toString('hex')}`;
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
