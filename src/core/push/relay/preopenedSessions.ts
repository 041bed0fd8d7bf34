import type { Digest } from '../../oci/digest.ts';
import type { BlobTarget, UploadSession } from '../../ports/blobTarget.ts';
import type { RepositoryBlobs } from '../repositoryBlobs.ts';

/** Sessions that are open before their blob arrives. Further ones are opened when the blob begins. */
const mostAhead = 6;

/** Upload sessions that are opened as soon as the engine asks for a blob, so that its bytes need not wait for one. */
export class PreopenedSessions {
  readonly #target: BlobTarget;
  readonly #blobs: Pick<RepositoryBlobs, 'takeSession'>;
  readonly #open = new Map<Digest, Promise<UploadSession | undefined>>();
  #spare: UploadSession | undefined;

  /** `blobs`: has the sessions that were opened by requests for a mount. */
  constructor(target: BlobTarget, blobs: Pick<RepositoryBlobs, 'takeSession'>) {
    this.#target = target;
    this.#blobs = blobs;
  }

  /**
   * Proves that we may write there. That takes a session, which is kept for the first missing blob; on Gitea it is not,
   * as the request that opens a blob's own session may mount the blob.
   */
  async proveAccess(signal: AbortSignal): Promise<void> {
    if (this.#target.kind === 'generic') this.#spare = await this.#target.openSession(undefined, { signal });
    else await this.#target.checkAccess({ signal });
  }

  /** Opens one for a blob that is known to be missing; `take` reports a failure. */
  prepare(digest: Digest, signal: AbortSignal): void {
    if (this.#open.size >= mostAhead || this.#open.has(digest)) return;
    const upload = this.#begin(digest, signal);
    upload.catch(() => undefined);
    this.#open.set(digest, upload);
  }

  /** The session for a blob; the caller closes it. Undefined if the registry mounted the blob. */
  async take(digest: Digest, signal: AbortSignal): Promise<UploadSession | undefined> {
    const prepared = this.#open.get(digest);
    this.#open.delete(digest);
    return await (prepared ?? this.#begin(digest, signal));
  }

  #begin(digest: Digest, signal: AbortSignal): Promise<UploadSession | undefined> {
    const opened = this.#blobs.takeSession(digest);
    if (opened !== undefined) return Promise.resolve(opened);
    const spare = this.#spare;
    this.#spare = undefined;
    return spare === undefined ? this.#target.openSession(digest, { signal }) : Promise.resolve(spare);
  }

  /** Closes the sessions that were not used. */
  async close(signal: AbortSignal): Promise<void> {
    const left = [...this.#open.values(), Promise.resolve(this.#spare)];
    this.#spare = undefined;
    this.#open.clear();
    await Promise.all(
      left.map(async (opening) => {
        const upload = await opening.catch(() => undefined);
        await upload?.close(signal);
      }),
    );
  }
}
