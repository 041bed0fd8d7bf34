import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredBlob {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly path: string;
}

/** Blobs as files named by their SHA-256; one file for all images that use it. */
export class BlobStore {
  readonly #folder: string;
  readonly #blobs = new Map<string, StoredBlob>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<BlobStore> {
    await mkdir(folder, { recursive: true });
    return new BlobStore(folder);
  }

  get(digest: string): StoredBlob | undefined {
    return this.#blobs.get(digest);
  }

  all(): StoredBlob[] {
    return [...this.#blobs.values()];
  }

  /** Takes over a finished file whose hash the caller has computed. */
  async adopt(path: string, digest: string, size: number): Promise<StoredBlob> {
    const blob = { digest, size, path: this.#pathOf(digest) };
    await rename(path, blob.path);
    this.#blobs.set(digest, blob);
    return blob;
  }

  async write(bytes: Buffer): Promise<StoredBlob> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const blob = { digest, size: bytes.length, path: this.#pathOf(digest) };
    await writeFile(blob.path, bytes);
    this.#blobs.set(digest, blob);
    return blob;
  }

  async remove(digest: string): Promise<void> {
    this.#blobs.delete(digest);
    await rm(this.#pathOf(digest), { force: true });
  }

  /** The other hashes in Gitea's list of package files; computed on demand. */
  async hashes(digest: string): Promise<{ md5: string; sha1: string; sha512: string }> {
    const [md5, sha1, sha512] = [createHash('md5'), createHash('sha1'), createHash('sha512')];
    for await (const chunk of createReadStream(this.#pathOf(digest))) {
      for (const hash of [md5, sha1, sha512]) hash.update(chunk as Buffer);
    }
    return { md5: md5.digest('hex'), sha1: sha1.digest('hex'), sha512: sha512.digest('hex') };
  }

  #pathOf(digest: string): string {
    return join(this.#folder, digest.replace('sha256:', ''));
  }
}
