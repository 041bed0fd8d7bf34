import * as v from 'valibot';
import type { CallOptions } from '../ports/callOptions.ts';
import type { ConnectionTimes } from '../ports/connectionTimes.ts';
import { isCancelled, TeaChestError } from '../base/errors.ts';
import { listOf } from '../base/json.ts';
import type { Digest } from '../oci/digest.ts';
import { headBlob } from './blobs/headBlob.ts';
import type { BlobSource } from '../ports/blobSource.ts';
import type { ChunkSizer } from './upload/chunkSizer.ts';
import { networkScope } from './http/networkScope.ts';
import { deleteManifest, type DeleteOutcome } from './manifests/deleteManifest.ts';
import {
  getFrom,
  getManifest,
  headManifest,
  parseResponse,
  putManifest,
  readManifestOf,
  type ManifestCall,
} from './manifests/manifests.ts';
import { tagPages } from './manifests/tagPages.ts';
import type { BlobTarget, StoredManifest, UploadOptions, UploadSession } from '../ports/blobTarget.ts';
import type { ImageRepository, StoredBytes } from '../ports/imageRepository.ts';
import { UploadInterruptedError } from '../ports/uploadInterruptedError.ts';
import { readBlob } from './blobs/readBlob.ts';
import { remedyFor } from './http/retry.ts';
import { repositoryUrl, type RepositoryContext } from './repositoryContext.ts';
import type { SignInResult } from './types.ts';
import { uploadBlob } from './upload/uploadBlob.ts';
import { openSession } from './upload/uploadSession.ts';

const tagsPerPage = 1_000;

/** One repository of one registry: the distribution spec's calls, with Gitea's shortcuts where it is Gitea. */
export class Repository implements BlobTarget, ImageRepository {
  readonly kind: SignInResult['kind'];
  /** `owner/name` */
  readonly repository: string;
  readonly #context: RepositoryContext;
  readonly #sizer: ChunkSizer;
  #noMounts = false;

  constructor(kind: SignInResult['kind'], context: RepositoryContext, sizer: ChunkSizer) {
    this.kind = kind;
    this.repository = context.repository;
    this.#context = context;
    this.#sizer = sizer;
  }

  get movedTo(): string | undefined {
    return this.#context.movedTo?.();
  }

  /** Opens an upload session and closes it again: Gitea has no other request that checks write access (docs/gitea.md §1). */
  async checkAccess({ signal }: CallOptions): Promise<void> {
    const session = await openSession(this.#context, signal);
    await session?.close(signal);
  }

  async headManifest(reference: string, call: ManifestCall): Promise<StoredManifest | undefined> {
    return headManifest(this.#context, reference, call);
  }

  /** The first page only: it is enough, and no server can make it endless. */
  async listTags({ signal }: CallOptions): Promise<readonly string[]> {
    const url = repositoryUrl(this.#context, 'tags/list');
    url.searchParams.set('n', String(tagsPerPage));
    const response = await getFrom(this.#context, url, signal);
    if (response === undefined) return [];
    return parseResponse(v.object({ tags: listOf(v.string()) }), response).tags;
  }

  /** All tags, each once. */
  tagPages(call: CallOptions): AsyncGenerator<readonly string[], void, void> {
    return tagPages(this.#context, call);
  }

  /** The manifest with the digest of its bytes and its type; undefined if there is none. */
  async readManifest(reference: string, { signal }: CallOptions): Promise<StoredBytes | undefined> {
    return readManifestOf(this.#context, reference, signal);
  }

  /** A tag alone, or a digest with all of its tags. */
  async deleteManifest(reference: string, { signal }: CallOptions): Promise<DeleteOutcome> {
    return deleteManifest(this.#context, reference, signal);
  }

  async getManifest(reference: string, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return getManifest(this.#context, reference, signal);
  }

  /** For configs: the blob is held in memory, and one that is too large for that is an error. */
  async getBlob(digest: Digest, { signal }: CallOptions): Promise<Uint8Array | undefined> {
    return (await getFrom(this.#context, repositoryUrl(this.#context, `blobs/${digest}`), signal))?.body;
  }

  /** True for a registry on this machine or in this network. */
  get isNear(): boolean {
    return networkScope(new URL(this.#context.origin).host) !== 'public';
  }

  readBlob(digest: Digest, call: CallOptions): AsyncGenerator<Uint8Array, void, void> {
    return readBlob(this.#context, digest, call);
  }

  async headBlob(digest: Digest, { signal }: CallOptions): Promise<number | undefined> {
    return headBlob(this.#context, digest, signal);
  }

  /**
   * Gitea ignores `from`: it searches all that the user may see, and a given repository would only narrow that. Other
   * registries need it.
   */
  async mountBlob(digest: Digest, from: string | undefined, { signal }: CallOptions): Promise<boolean> {
    if (this.kind === 'generic' && from === undefined) return false;
    const attempt = await this.#tryMount(digest, from, signal);
    if (typeof attempt === 'object') await attempt.close(signal);
    return attempt === 'mounted';
  }

  /** Gitea mounts the blob in the same request if it has it. Without a digest nothing is mounted. */
  async openSession(digest: Digest | undefined, { signal }: CallOptions): Promise<UploadSession | undefined> {
    try {
      const mount =
        this.kind === 'generic' || digest === undefined ? 'no' : await this.#tryMount(digest, undefined, signal);
      if (mount === 'mounted') return undefined;
      return mount === 'no' ? await openSession(this.#context, signal) : mount;
    } catch (error) {
      if (!(error instanceof TeaChestError) || remedyFor(error) !== 'retry') throw error;
      throw new UploadInterruptedError(error);
    }
  }

  async connectionTimes(call: CallOptions): Promise<readonly ConnectionTimes[] | undefined> {
    return this.#context.connectionTimes?.(call);
  }

  async uploadBlob(source: BlobSource, options: UploadOptions): Promise<void> {
    const takesPost = this.kind !== 'generic';
    await uploadBlob(this.#context, source, { ...options, sizer: this.#sizer, takesPost, isNear: this.isNear });
  }

  /** Gives the digest of what the registry has under the reference afterwards; undefined if nothing can be seen there. */
  async putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    { signal }: CallOptions,
  ): Promise<Digest | undefined> {
    return putManifest(this.#context, reference, { bytes, mediaType }, signal);
  }

  /**
   * A mount saves an upload but is never necessary: if it is refused (a repository that may not be read, a token server
   * that refuses the scope), the blob is sent. If this repository itself may not be written, the upload fails with the
   * reason. Resolves with the session if the registry opened one instead.
   */
  async #tryMount(
    digest: Digest,
    from: string | undefined,
    signal: AbortSignal,
  ): Promise<'mounted' | 'no' | UploadSession> {
    if (this.#noMounts) return 'no';
    try {
      const mount = { digest, from: this.kind === 'generic' ? from : undefined };
      const session = await openSession(this.#context, signal, mount);
      if (session !== undefined) return session;
    } catch (error) {
      if (!(error instanceof TeaChestError)) throw error;
      if (!isRefusal(error) && !(await this.#answersOtherwise(error, digest, signal))) throw error;
      this.#context.logger.info(`${digest} cannot be mounted to ${this.repository}: ${error.message}`);
      return 'no';
    }
    // Gitea ≤ 1.18.0 answers 201 to mounts that did not happen (docs/gitea.md §2); a HEAD finds out.
    return (await headBlob(this.#context, digest, signal)) === undefined ? 'no' : 'mounted';
  }

  /**
   * True if only mounts get no good answer, for example through a firewall that closes the connection at such a query.
   * Then no mount is tried again. False if the registry answers no other request either.
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
}

/** Codes of refusals by a registry or its token server. With others the request did not reach it. */
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

function isRefusal(error: TeaChestError): boolean {
  // A transient failure was retried for a minute already, and another request would meet it again.
  return refusals.has(error.code) && remedyFor(error) !== 'retry';
}
