import { isDigest, type Digest } from '../oci/digest.ts';
import { mediaTypes, octetStream } from '../oci/mediaTypes.ts';
import { checkStoredDigest, headBlob, uploadInChunks, type BlobSource } from './blobUpload.ts';
import type { ChunkSizer } from './chunkSizer.ts';
import { bytesBody, header, type RegistryResponse } from './messages.ts';
import { linkPlace } from './linkPlace.ts';
import { PassingUpload } from './passingUpload.ts';
import { readRefusal } from './refusal.ts';
import type { Timing } from './retry.ts';
import {
  closeSession,
  commitSession,
  openSession,
  refused,
  repositoryScopes,
  repositoryUrl,
  type RepositoryWire,
} from './uploadSession.ts';
import type { SignInResult } from './types.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface UploadOptions extends CallOptions {
  /** Bytes of this blob that were sent, counted from 0; goes back when an upload begins anew. */
  readonly onSent: (bytes: number) => void;
}

/** What a HEAD of a manifest told. */
export interface StoredManifest {
  readonly digest: Digest | undefined;
  readonly mediaType: string | undefined;
  readonly size: number | undefined;
}

const manifestTypes = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
].join(', ');

const tagsPerPage = 1_000;

/** Bytes of a blob that are asked for in one request: an answer is held in memory. */
const readPiece = 8 * 1024 * 1024;

/**
 * Bytes of a blob up to which it goes in one request where that is safe: to a registry near by, as docker push does it,
 * and through nothing that was ever seen to refuse a chunk. Each chunk costs distribution a flush to its disk.
 */
const wholeUpTo = 512 * 1024 * 1024;

/** One repository of one registry: the distribution spec's calls, with Gitea's shortcuts where it is Gitea. */
export class Repository {
  readonly kind: SignInResult['kind'];
  /** `owner/name` */
  readonly repository: string;
  readonly #wire: RepositoryWire;
  readonly #sizer: ChunkSizer;
  readonly #timing: Timing;

  constructor(
    kind: SignInResult['kind'],
    wire: RepositoryWire,
    options: { readonly sizer: ChunkSizer; readonly timing: Timing },
  ) {
    this.kind = kind;
    this.repository = wire.repository;
    this.#wire = wire;
    this.#sizer = options.sizer;
    this.#timing = options.timing;
  }

  /** Opens an upload session and closes it again: Gitea tells only so whether we may push (docs/gitea.md §1). */
  async checkAccess({ signal }: CallOptions): Promise<void> {
    const session = await openSession(this.#wire, signal);
    if (session !== undefined) await closeSession(this.#wire, session, signal);
  }

  async headManifest(reference: string, { signal }: CallOptions): Promise<StoredManifest | undefined> {
    const response = await this.#wire.send({
      method: 'HEAD',
      url: repositoryUrl(this.#wire, `manifests/${encodeURI(reference)}`),
      headers: { accept: manifestTypes },
      signal,
      scopes: repositoryScopes(this.#wire),
    });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw refused(this.#wire, response, 'HEAD', `tell what ${reference} is`);
    const digest = header(response, 'docker-content-digest') ?? '';
    const length = header(response, 'content-length') ?? '';
    return {
      digest: isDigest(digest) ? digest : undefined,
      mediaType: header(response, 'content-type'),
      size: /^\d+$/.test(length) ? Number(length) : undefined,
    };
  }

  /** The first page of them: enough to learn from, and no server can make it endless. */
  async listTags({ signal }: CallOptions): Promise<readonly string[]> {
    const url = repositoryUrl(this.#wire, 'tags/list');
    url.searchParams.set('n', String(tagsPerPage));
    const response = await this.#get(url, signal);
    if (response === undefined) return [];
    const { tags } = JSON.parse(response.body.toString('utf8')) as { readonly tags?: unknown };
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
  }

  async getManifest(reference: string, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return (await this.#get(repositoryUrl(this.#wire, `manifests/${encodeURI(reference)}`), signal))?.body;
  }

  /** For configs: the answer is held in memory, and one that is too large for that is an error. */
  async getBlob(digest: Digest, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return (await this.#get(repositoryUrl(this.#wire, `blobs/${digest}`), signal))?.body;
  }

  /** True for a registry on this machine or in this network. */
  get isNear(): boolean {
    return linkPlace(new URL(this.#wire.origin).host) !== 'public';
  }

  /** Gitea gives blobs only whole (docs/gitea.md), and an answer is held in memory. */
  get readableBytes(): number {
    return this.kind === 'gitea' ? readPiece : Infinity;
  }

  /**
   * In pieces that fit into memory, by the Range requests of the distribution spec; one that cannot do that gives a small
   * blob whole, and a large one not at all.
   */
  async *readBlob(
    digest: Digest,
    { signal, end = Infinity }: CallOptions & { readonly end?: number },
  ): AsyncGenerator<Uint8Array, void, void> {
    const url = repositoryUrl(this.#wire, `blobs/${digest}`);
    for (let start = 0, most = end; start < most;) {
      const last = Math.min(start + readPiece, most) - 1;
      const scopes = repositoryScopes(this.#wire);
      const headers = { accept: '*/*', range: `bytes=${start}-${last}` };
      const response = await this.#wire.send({ method: 'GET', url, headers, signal, scopes });
      if (start === 0 && response.status === 200) {
        yield response.body.subarray(0, end);
        return;
      }
      const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header(response, 'content-range') ?? '');
      if (response.status !== 206 || Number(range?.[1]) !== start || response.body.byteLength === 0) {
        throw refused(this.#wire, response, 'GET', `give the blob ${digest}`);
      }
      yield response.body;
      start += response.body.byteLength;
      most = Math.min(end, Number(range?.[3]));
    }
  }

  async headBlob(digest: Digest, { signal }: CallOptions): Promise<number | undefined> {
    return headBlob(this.#wire, digest, signal);
  }

  /**
   * True if the registry made the blob part of this repository without our sending it. Gitea needs no `from`: it looks
   * in all that the user may see, and a given one would only narrow that. Elsewhere a mount needs a place to look in.
   */
  async mountBlob(digest: Digest, from: string | undefined, { signal }: CallOptions): Promise<boolean> {
    if (this.kind === 'generic' && from === undefined) return false;
    const place = this.kind === 'generic' ? from : undefined;
    const session = await openSession(this.#wire, signal, { digest, from: place });
    if (session !== undefined) {
      await closeSession(this.#wire, session, signal);
      return false;
    }
    // Gitea ≤ 1.18.0 says 201 to mounts that did not happen (docs/gitea.md §2): believe what a HEAD shows.
    return (await headBlob(this.#wire, digest, signal)) !== undefined;
  }

  /** Sends a blob that is in memory in one request, or in chunks if it is too large for a proxy on the way. */
  async putBlob(bytes: Uint8Array, digest: Digest, options: UploadOptions): Promise<void> {
    const { signal, onSent } = options;
    onSent(0);
    const response =
      this.kind === 'generic'
        ? await this.#putInSession(bytes, digest, signal)
        : await this.#postWhole(bytes, digest, signal);
    if (response === 'tooLarge') {
      await uploadInChunks(this.#wire, inMemory(bytes, digest), { ...this.#uploadTools(), ...options });
      return;
    }
    onSent(bytes.byteLength);
  }

  /**
   * Opens a session for bytes that pass by once; undefined if the registry had the blob to mount, which Gitea tells in
   * the same request. The session is the caller's to use or to close. Without a digest nothing is mounted.
   */
  async beginUpload(digest: Digest | undefined, { signal }: CallOptions): Promise<PassingUpload | undefined> {
    const mount = this.kind === 'generic' || digest === undefined ? undefined : { digest, from: undefined };
    const session = await openSession(this.#wire, signal, mount);
    const whole = this.isNear && this.#sizer.seemsUnlimited ? wholeUpTo : 0;
    return session && new PassingUpload(this.#wire, session, { ...this.#uploadTools(), wholeUpTo: whole });
  }

  async uploadBlob(source: BlobSource, options: UploadOptions): Promise<void> {
    await uploadInChunks(this.#wire, source, {
      ...this.#uploadTools(),
      signal: options.signal,
      onSent: options.onSent,
    });
  }

  /** Gives the digest that the registry says it stored; undefined if it does not say (Gitea 1.25.0–1.25.2, #36021). */
  async putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    { signal }: CallOptions,
  ): Promise<Digest | undefined> {
    const response = await this.#wire.send({
      method: 'PUT',
      url: repositoryUrl(this.#wire, `manifests/${encodeURI(reference)}`),
      // Exactly this, without parameters: Gitea compares it as text (docs/gitea.md §3).
      headers: { 'content-type': mediaType },
      body: bytesBody(bytes),
      signal,
      scopes: repositoryScopes(this.#wire),
    });
    if (response.status < 200 || response.status > 299) {
      throw refused(this.#wire, response, 'PUT', `store the manifest ${this.#wire.repository}:${reference}`);
    }
    const digest = header(response, 'docker-content-digest') ?? '';
    return isDigest(digest) ? digest : undefined;
  }

  async #get(url: URL, signal: AbortSignal): Promise<RegistryResponse | undefined> {
    const headers = { accept: `${manifestTypes}, */*` };
    const response = await this.#wire.send({
      method: 'GET',
      url,
      headers,
      signal,
      scopes: repositoryScopes(this.#wire),
    });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw refused(this.#wire, response, 'GET', `tell what is in ${this.#wire.repository}`);
    return response;
  }

  #uploadTools(): { readonly sizer: ChunkSizer; readonly timing: Timing } {
    return { sizer: this.#sizer, timing: this.#timing };
  }

  /** Gitea: POST `?digest=` with the bytes is a whole upload in one request (docs/gitea.md §2). */
  async #postWhole(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<'stored' | 'tooLarge'> {
    const url = repositoryUrl(this.#wire, 'blobs/uploads/');
    url.search = `digest=${digest}`;
    const response = await this.#wire.send({
      method: 'POST',
      url,
      headers: { 'content-type': octetStream },
      body: bytesBody(bytes),
      signal,
      scopes: repositoryScopes(this.#wire),
    });
    return this.#judge(response, 'POST', digest);
  }

  /** Elsewhere `?digest=` on a POST is optional (distribution ignores it), so: a session, and the bytes with its PUT. */
  async #putInSession(bytes: Uint8Array, digest: Digest, signal: AbortSignal): Promise<'stored' | 'tooLarge'> {
    const session = await openSession(this.#wire, signal);
    if (session === undefined) return 'stored';
    let stored = false;
    try {
      const response = await commitSession(this.#wire, session, digest, signal, bytesBody(bytes));
      // A PUT that was sent twice because its first answer got lost finds its session gone and its blob there.
      if (response.status === 404 && (await headBlob(this.#wire, digest, signal)) === bytes.byteLength) {
        stored = true;
        return 'stored';
      }
      const outcome = this.#judge(response, 'PUT', digest);
      stored = outcome === 'stored';
      return outcome;
    } finally {
      if (!stored) await closeSession(this.#wire, session, signal);
    }
  }

  #judge(
    response: Awaited<ReturnType<RepositoryWire['send']>>,
    method: 'POST' | 'PUT',
    digest: Digest,
  ): 'stored' | 'tooLarge' {
    if (response.status === 201 || response.status === 204) {
      checkStoredDigest(this.#wire, response, digest);
      return 'stored';
    }
    const failure = refused(this.#wire, response, method, `store a blob of ${this.#wire.repository}`);
    if (readRefusal(response, method).status === 413 && failure.code === 'bodyTooLarge') return 'tooLarge';
    throw failure;
  }
}

function inMemory(bytes: Uint8Array, digest: Digest): BlobSource {
  return {
    available: async () => Promise.resolve({ bytes: bytes.byteLength, complete: true }),
    read: (start, end) => bytesBody(bytes.subarray(start, end)).open(),
    finished: Promise.resolve({ digest, size: bytes.byteLength }),
  };
}
