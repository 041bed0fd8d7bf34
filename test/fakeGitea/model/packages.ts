/** A file of a version: a blob under a name. A blob is "in" an image while any version of the image has such a file. */
export interface PackageFile {
  readonly id: number;
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  /** Empty for a blob that no manifest has named yet. */
  readonly mediaType: string;
}

export interface PackageVersion {
  readonly id: number;
  /** Lower case: a tag, or `sha256:…`. */
  readonly name: string;
  readonly tagged: boolean;
  readonly creatorId: number;
  readonly createdAt: number;
  /** By file name; the manifest is `manifest.json`. */
  readonly files: Map<string, PackageFile>;
}

export interface ContainerPackage {
  readonly id: number;
  readonly ownerId: number;
  readonly name: string;
  /** Blobs that were uploaded or mounted and that no manifest has named yet (Gitea's internal version `_upload`). */
  readonly pending: Map<string, PackageFile>;
  readonly versions: Map<string, PackageVersion>;
  repository: string | undefined;
}

export const manifestFile = 'manifest.json';

export interface BlobReference {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

export interface NewVersion {
  readonly reference: string;
  readonly tagged: boolean;
  readonly creatorId: number;
  readonly createdAt: number;
  readonly blobs: readonly BlobReference[];
  readonly manifest: BlobReference;
}

/** Images with their versions and files: the part of Gitea's database that the registry sees. */
export class Packages {
  readonly #packages = new Map<string, ContainerPackage>();
  #lastId = 0;
  #lastVersion = 0;
  #lastFile = 0;

  get(ownerId: number, name: string): ContainerPackage | undefined {
    return this.#packages.get(key(ownerId, name));
  }

  all(): ContainerPackage[] {
    return [...this.#packages.values()];
  }

  of(ownerId: number): ContainerPackage[] {
    return this.all().filter((each) => each.ownerId === ownerId);
  }

  /** Puts a finished blob into an image, which is created with its first blob. */
  addBlob(ownerId: number, name: string, blob: { digest: string; size: number }): void {
    const image = this.#getOrCreate(ownerId, name);
    const file = this.#file(blobFile(blob.digest), { ...blob, mediaType: '' });
    if (!image.pending.has(file.name)) image.pending.set(file.name, file);
  }

  /**
   * The file that holds a digest in an image, if any version of it has one. An empty digest is no condition to Gitea
   * (BlobSearchOptions): the first file of the image is found then.
   */
  findBlob(image: ContainerPackage | undefined, digest: string): PackageFile | undefined {
    if (image === undefined) return undefined;
    const files = filesOf(image);
    if (digest === '') return files.sort((one, other) => one.id - other.id)[0];
    return files.find((file) => file.digest === digest);
  }

  /** By tag (case does not matter) or by the digest of the manifest's bytes, whatever it was stored as; any if empty. */
  findManifests(image: ContainerPackage | undefined, reference: string): PackageVersion[] {
    if (image === undefined) return [];
    if (reference === '') return [...image.versions.values()].slice(0, 1);
    if (!reference.includes(':')) {
      const version = image.versions.get(reference.toLowerCase());
      return version === undefined ? [] : [version];
    }
    return [...image.versions.values()].filter(({ files }) => files.get(manifestFile)?.digest === reference);
  }

  /** Creates a version, or replaces the one of that name. Its blobs are no longer pending. */
  putVersion(ownerId: number, name: string, made: NewVersion): PackageVersion {
    const image = this.#getOrCreate(ownerId, name);
    const files = new Map<string, PackageFile>();
    for (const blob of made.blobs) files.set(blobFile(blob.digest), this.#file(blobFile(blob.digest), blob));
    files.set(manifestFile, this.#file(manifestFile, made.manifest));
    for (const file of files.values()) image.pending.delete(file.name);
    // A tag of that name replaces the internal version, and its files are removed.
    if (made.reference.toLowerCase() === '_upload') image.pending.clear();
    const { tagged, creatorId, createdAt } = made;
    const version = {
      id: ++this.#lastVersion,
      name: made.reference.toLowerCase(),
      tagged,
      creatorId,
      createdAt,
      files,
    };
    image.versions.set(version.name, version);
    return version;
  }

  /** The image exists until the nightly cleanup, even without a version. */
  removeVersion(image: ContainerPackage, version: PackageVersion): void {
    image.versions.delete(version.name);
  }

  removePackage(image: ContainerPackage): void {
    this.#packages.delete(key(image.ownerId, image.name));
  }

  /** Removes a blob from every version of an image. */
  unlinkBlob(image: ContainerPackage, digest: string): void {
    const holders = [image.pending, ...[...image.versions.values()].map(({ files }) => files)];
    for (const files of holders) files.delete(blobFile(digest));
  }

  /** Removes the blobs that no manifest names, as the nightly cleanup does after some time. */
  dropPending(): void {
    for (const image of this.all()) {
      image.pending.clear();
      if (image.versions.size === 0) this.removePackage(image);
    }
  }

  #getOrCreate(ownerId: number, name: string): ContainerPackage {
    const known = this.get(ownerId, name);
    if (known !== undefined) return known;
    const id = ++this.#lastId;
    const image = { id, ownerId, name, pending: new Map(), versions: new Map(), repository: undefined };
    this.#packages.set(key(ownerId, name), image);
    return image;
  }

  #file(name: string, { digest, size, mediaType }: BlobReference): PackageFile {
    return { id: ++this.#lastFile, name, digest, size, mediaType };
  }
}

export function filesOf(image: ContainerPackage): PackageFile[] {
  return [image.pending, ...[...image.versions.values()].map(({ files }) => files)].flatMap((files) => [
    ...files.values(),
  ]);
}

function blobFile(digest: string): string {
  return digest.replace('sha256:', 'sha256_');
}

function key(ownerId: number, name: string): string {
  return `${ownerId}/${name.toLowerCase()}`;
}
