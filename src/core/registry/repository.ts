import * as v from 'valibot';
import type { CallOptions } from '../ports/callOptions.ts';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import { listOf } from '../base/json.ts';
import type { Digest } from '../oci/digest.ts';
import { headBlob } from './blobs/headBlob.ts';
import { uploadInChunks, type BlobUploadOptions } from './upload/chunkedUpload.ts';
import type { GrowingBlob } from '../ports/growingBlob.ts';
import type { ChunkSizer } from './upload/chunkSizer.ts';
import { networkScope } from './http/networkScope.ts';
import {
  getFrom,
  getManifest,
  headManifest,
  parseAnswer,
  putManifest,
  type ManifestCall,
} from './manifests/manifests.ts';
import type { StoredManifest, UploadOptions, BlobTarget } from '../ports/blobTarget.ts';
import { bytesBody } from './http/httpTypes.ts';
import { StreamingUpload } from './upload/streamingUpload.ts';
import { readBlob } from './blobs/readBlob.ts';
import { isTransientStatus, type Timing } from './http/retry.ts';
import type { SignInResult } from './types.ts';
import { closeSession, openSession, repositoryUrl, type RepositoryContext } from './upload/uploadSession.ts';
import { sendWholeBlob } from './upload/wholeBlobUpload.ts';

const tagsPerPage = 1_000;

/**
 * Bytes of a blob up to which it goes in one request where that is safe: to a registry near by, as docker push does it,
 * and through nothing that was ever seen to refuse a chunk. Each chunk costs distribution a flush to its disk.
 */
const wholeUpTo = 512 * 1024 * 1024;

/** One repository of one registry: the distribution spec's calls, with Gitea's shortcuts where it is Gitea. */
export class Repository implements BlobTarget {
  readonly kind: SignInResult['kind'];
  /** `owner/name` */
  readonly repository: string;
  readonly #context: RepositoryContext;
  readonly #sizer: ChunkSizer;
  readonly #timing: Timing;
  #noMounts = false;

  constructor(
    kind: SignInResult['kind'],
    context: Omit<RepositoryContext, 'unclosed'>,
    options: { readonly sizer: ChunkSizer; readonly timing: Timing },
  ) {
    this.kind = kind;
    this.repository = context.repository;
    this.#context = { ...context, unclosed: new Set() };
    this.#sizer = options.sizer;
    this.#timing = options.timing;
  }

  /** Opens an upload session and closes it again: Gitea tells only so whether we may push (docs/gitea.md §1). */
  async checkAccess({ signal }: CallOptions): Promise<void> {
    const session = await openSession(this.#context, signal);
    if (session !== undefined) await closeSession(this.#context, session, signal);
  }

  /** `expected`: where a HEAD tells another digest, the manifest itself is looked at. */
  async headManifest(reference: string, call: ManifestCall): Promise<StoredManifest | undefined> {
    return headManifest(this.#context, reference, call);
  }

  /** The first page of them: enough to learn from, and no server can make it endless. */
  async listTags({ signal }: CallOptions): Promise<readonly string[]> {
    const url = repositoryUrl(this.#context, 'tags/list');
    url.searchParams.set('n', String(tagsPerPage));
    const response = await getFrom(this.#context, url, signal);
    if (response === undefined) return [];
    return parseAnswer(v.object({ tags: listOf(v.string()) }), response).tags;
  }

  async getManifest(reference: string, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return getManifest(this.#context, reference, signal);
  }

  /** For configs: the answer is held in memory, and one that is too large for that is an error. */
  async getBlob(digest: Digest, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return (await getFrom(this.#context, repositoryUrl(this.#context, `blobs/${digest}`), signal))?.body;
  }

  /** True for a registry on this machine or in this network. */
  get isNear(): boolean {
    return networkScope(new URL(this.#context.origin).host) !== 'public';
  }

  /** As it arrives; see `readBlob`. */
  readBlob(digest: Digest, call: CallOptions): AsyncGenerator<Uint8Array, void, void> {
    return readBlob(this.#context, digest, call);
  }

  async headBlob(digest: Digest, { signal }: CallOptions): Promise<number | undefined> {
    return headBlob(this.#context, digest, signal);
  }

  /**
   * True if the registry made the blob part of this repository without our sending it. Gitea needs no `from`: it looks
   * in all that the user may see, and a given one would only narrow that. Elsewhere a mount needs a place to look in.
   */
  async mountBlob(digest: Digest, from: string | undefined, { signal }: CallOptions): Promise<boolean> {
    if (this.kind === 'generic' && from === undefined) return false;
    const attempt = await this.#tryMount(digest, from, signal);
    if (attempt instanceof URL) await closeSession(this.#context, attempt, signal);
    return attempt === 'mounted';
  }

  /** Sends a blob that is in memory in one request, or in chunks if it is too large for a proxy on the way. */
  async putBlob(bytes: Uint8Array, digest: Digest, { signal, onSent }: UploadOptions): Promise<void> {
    const whole = { digest, size: bytes.byteLength, open: () => bytesBody(bytes).open() };
    const tools = this.#uploadTools({ signal, onSent });
    try {
      await tools.sendWhole(whole, tools);
    } catch (error) {
      if (!(error instanceof TeaChestError) || error.code !== 'bodyTooLarge') throw error;
      await uploadInChunks(this.#context, inMemory(bytes, digest), tools);
    }
  }

  /**
   * Opens a session for bytes that pass by once; undefined if the registry had the blob to mount, which Gitea tells in
   * the same request. The session is the caller's to use or to close. Without a digest nothing is mounted.
   */
  async beginUpload(digest: Digest | undefined, { signal }: CallOptions): Promise<StreamingUpload | undefined> {
    const mount =
      this.kind === 'generic' || digest === undefined ? 'no' : await this.#tryMount(digest, undefined, signal);
    if (mount === 'mounted') return undefined;
    const session = mount instanceof URL ? mount : await openSession(this.#context, signal);
    return session && new StreamingUpload(this.#context, session, this.#passingTools());
  }

  async uploadBlob(source: GrowingBlob, options: UploadOptions): Promise<void> {
    await uploadInChunks(this.#context, source, this.#uploadTools(options));
  }

  /** Gives the digest of what the registry has under the reference afterwards; undefined if nothing can be seen there. */
  async putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    { signal }: CallOptions,
  ): Promise<Digest | undefined> {
    return putManifest(this.#context, reference, { bytes, mediaType }, { signal, timing: this.#timing });
  }

  /**
   * A mount saves an upload and is never needed: one that is refused, for a repository that may not be read or a token
   * server that gives nothing for it, is no more than a blob that has to be sent. What keeps us from writing to this
   * repository itself is told when that is tried. An ordinary session, which a registry opens instead, is given back.
   */
  async #tryMount(digest: Digest, from: string | undefined, signal: AbortSignal): Promise<'mounted' | 'no' | URL> {
    if (this.#noMounts) return 'no';
    const place = this.kind === 'generic' ? from : undefined;
    try {
      const session = await openSession(this.#context, signal, { digest, from: place });
      if (session !== undefined) return session;
    } catch (error) {
      if (!(error instanceof TeaChestError)) throw error;
      if (!isRefusal(error) && !(await this.#answersOtherwise(error, digest, signal))) throw error;
      this.#context.logger.info(`${digest} cannot be mounted to ${this.repository}: ${error.message}`);
      return 'no';
    }
    // Gitea ≤ 1.18.0 says 201 to mounts that did not happen (docs/gitea.md §2): believe what a HEAD shows.
    return (await headBlob(this.#context, digest, signal)) === undefined ? 'no' : 'mounted';
  }

  /**
   * After a minute in vain: true where only mounts get no good answer, as through a firewall that ends the connection at
   * such a query. None is then asked for again. A registry that is down is told as that.
   */
  async #answersOtherwise({ code }: TeaChestError, digest: Digest, signal: AbortSignal): Promise<boolean> {
    if (code !== 'registryUnreachable' && !refusals.has(code)) return false;
    try {
      await headBlob(this.#context, digest, signal, { retry: 'never' });
    } catch (later) {
      if (isCancelled(later)) throw later;
      return false;
    }
    this.#noMounts = true;
    return true;
  }

  #uploadTools({ signal, onSent }: UploadOptions): BlobUploadOptions {
    return {
      signal,
      onSent,
      sizer: this.#sizer,
      timing: this.#timing,
      sendWhole: async (blob, options) => sendWholeBlob(this.#context, this.kind, blob, options),
    };
  }

  #passingTools(): ConstructorParameters<typeof StreamingUpload>[2] {
    const usual = this.isNear && this.#sizer.seemsUnlimited ? wholeUpTo : 0;
    return {
      sizer: this.#sizer,
      timing: this.#timing,
      wholeUpTo: this.#sizer.chunksRefused === undefined ? usual : Infinity,
    };
  }
}

/** Codes by which a registry or its token server says no. Others mean that it was not asked. */
const refusals: ReadonlySet<string> = new Set([
  'accessDenied',
  'bodyTooLarge',
  'credentialsRejected',
  'nameInvalid',
  'notARegistry',
  'ownerNotFound',
  'quotaExceeded',
  'registryFailed',
  'registryRefused',
  'scopeMissing',
]);

function isRefusal({ code, facts }: TeaChestError): boolean {
  if (!refusals.has(code)) return false;
  const status = facts['status'];
  // What was asked for a minute in vain would be asked again for as long.
  return typeof status !== 'number' || !isTransientStatus(status);
}

function inMemory(bytes: Uint8Array, digest: Digest): GrowingBlob {
  return {
    available: async () => Promise.resolve({ bytes: bytes.byteLength, complete: true }),
    read: (start, end) => bytesBody(bytes.subarray(start, end)).open(),
    finished: Promise.resolve({ digest, size: bytes.byteLength }),
  };
}
