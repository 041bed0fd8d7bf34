import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { readValue } from '../base/json.ts';
import type { Logger } from '../base/logger.ts';
import { writeFileWhole } from '../base/writeFileWhole.ts';
import type { Digest } from '../oci/digest.ts';
import type { DigestTables, EngineBlob, KnownImage, KnownLayer, PublishedImage } from './digestTables.ts';
import { removeOrigins } from './removeOrigins.ts';

/**
 * Version 1 had images whose config was a manifest, layers that only a tag named, and published indexes without their
 * platforms: only the tables that were proved by bytes are read from it.
 */
const version = 2;
const tablesOfVersion1 = ['layers', 'locations', 'engineDigests', 'pushes'];
const storedFile = v.looseObject({ version: v.picklist([1, version]) });
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
  #loadedTables: DigestTables | undefined;
  #loaded: Promise<void> | undefined;
  /** When registries were signed out of: older rows of them must not come back when the file is merged. */
  readonly #signedOutAt = new Map<string, number>();
  #saving: Promise<void> = Promise.resolve();

  constructor(file: string, logger: Logger, now: () => number) {
    this.#file = file;
    this.#logger = logger;
    this.#now = now;
  }

  /** Reads the file, once; must be awaited before anything else. */
  load(): Promise<void> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  layer(diffId: Digest, codecId: string): KnownLayer | undefined {
    return this.#tables.layers.get(`${codecId} ${diffId}`);
  }

  rememberLayer(diffId: Digest, codecId: string, layer: KnownLayer): void {
    this.#tables.layers.set(`${codecId} ${diffId}`, layer);
  }

  dropLayer(diffId: Digest, codecId: string): void {
    this.#tables.layers.deleteWrong(`${codecId} ${diffId}`);
    this.#tables.engineBlobs.deleteWrong(diffId);
  }

  /** `platform`: the one that `inspect` speaks of. An index keeps its ID while that changes. */
  image(id: Digest, codecId: string, platform: string): KnownImage | undefined {
    const stored = this.#tables.images.get(`${codecId} ${id} ${platform}`);
    return stored && { config: Buffer.from(stored.config, 'base64'), layers: stored.layers };
  }

  rememberImage(id: Digest, codecId: string, platform: string, image: KnownImage): void {
    if (image.config.byteLength > largestConfig) return;
    const stored = { config: Buffer.from(image.config).toString('base64'), layers: image.layers };
    this.#tables.images.set(`${codecId} ${id} ${platform}`, stored);
  }

  dropImage(id: Digest, codecId: string, platform: string): void {
    this.#tables.images.deleteWrong(`${codecId} ${id} ${platform}`);
  }

  /** Repositories of a registry that were seen to have a blob, latest first: candidates to mount it from. */
  repositoriesWith(origin: string, blob: Digest): readonly string[] {
    return this.#tables.locations.get(`${origin} ${blob}`) ?? [];
  }

  rememberLocation(origin: string, blob: Digest, repository: string): void {
    const before = this.repositoriesWith(origin, blob);
    if (before[0] === repository) return;
    const others = before.filter((other) => other !== repository);
    const repositories = [repository, ...others].slice(0, repositoriesPerBlob);
    this.#tables.locations.set(`${origin} ${blob}`, repositories);
  }

  /** The blob that an engine made of a layer and that was forwarded to a registry unchanged. */
  engineBlob(diffId: Digest): EngineBlob | undefined {
    return this.#tables.engineBlobs.get(diffId);
  }

  rememberEngineBlob(diffId: Digest, blob: EngineBlob): void {
    this.#tables.engineBlobs.set(diffId, blob);
  }

  /** The digest by which an engine asks for a layer. Not always that of a blob which exists anywhere (`primeDigests`). */
  engineDigest(engineId: string, diffId: Digest): Digest | undefined {
    return this.#tables.engineDigests.get(`${engineId} ${diffId}`);
  }

  rememberEngineDigest(engineId: string, diffId: Digest, digest: Digest): void {
    this.#tables.engineDigests.set(`${engineId} ${diffId}`, digest);
  }

  /** What the engine's own manifest made of an image, when it was relayed last. `key`: see `publishedKey`. */
  published(key: string): PublishedImage | undefined {
    return this.#tables.published.get(key);
  }

  rememberPublished(key: string, image: PublishedImage): void {
    this.#tables.published.set(key, image);
  }

  /** Records a push. The cached facts of an image are removed with the last registry to which it was pushed. */
  rememberPush(id: Digest, origin: string): void {
    const before = this.#tables.pushes.get(id);
    this.#tables.pushes.set(id, { ...before, [origin]: this.#now() });
  }

  /** Removes what is known of a registry, and of images that went to no other: part of signing out of it. */
  async forgetRegistry(origin: string): Promise<void> {
    await this.load();
    this.#signedOutAt.set(origin, this.#now());
    removeOrigins(this.#tables, this.#signedOutAt);
    await this.save();
  }

  /** Writes what is new. The file is replaced whole, and what another window wrote meanwhile is kept. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  get #tables(): DigestTables {
    if (this.#loadedTables === undefined) throw new Error('The digest cache is asked before it was loaded.');
    return this.#loadedTables;
  }

  async #load(): Promise<void> {
    // An activation does not need them, nor lru-cache.
    const { createTables } = await import('./digestTables.ts');
    this.#loadedTables = createTables(this.#now);
    await this.#read(this.#loadedTables);
  }

  /** Adds what is in the file. */
  async #read(tables: DigestTables): Promise<void> {
    try {
      const stored = readValue(storedFile, JSON.parse(await readFile(this.#file, 'utf8')));
      if (stored === undefined) return;
      for (const [name, table] of Object.entries(tables)) {
        if (stored.version === version || tablesOfVersion1.includes(name)) table.add(stored[name]);
      }
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing)
        this.#logger.warn(
          `The digest cache ${this.#file} is not readable, and an empty one replaces it: ${String(error)}`,
        );
    }
  }

  async #write(): Promise<void> {
    if (this.#loadedTables === undefined) return;
    const tables = Object.values(this.#loadedTables);
    if (!tables.some((table) => table.isChanged)) return;
    await this.#read(this.#tables);
    removeOrigins(this.#tables, this.#signedOutAt);
    for (const table of tables) table.markSaved();
    try {
      await writeFileWhole(this.#file, JSON.stringify({ version, ...this.#tables }));
    } catch (error) {
      // A push must not fail because its memory could not be written: the next one only works harder.
      this.#logger.warn(`The digest cache ${this.#file} could not be written: ${String(error)}`);
    }
  }
}
