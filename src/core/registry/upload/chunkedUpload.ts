import type { GrowingBlob } from '../../ports/growingBlob.ts';
import { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { checkStoredDigest, isSessionLost } from '../blobs/headBlob.ts';
import type { ChunkSizer } from './chunkSizer.ts';
import { commitUpload } from './commitUpload.ts';
import type { RegistryResponse, RequestBody } from '../http/httpTypes.ts';
import { patchRefused, wholeRefused } from './patchRefusal.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import { isTransientStatus, isUnreachable, Retries, type RetryPolicy } from '../http/retry.ts';
import { retryAfter } from '../http/retryAfter.ts';
import { uploadLocation } from './uploadLocation.ts';
import {
  closeSession,
  lastByte,
  openSession,
  patchSession,
  toError,
  sessionHas,
  type RepositoryContext,
} from './uploadSession.ts';
import type { WholeBlob, WholeBlobOptions } from './wholeBlobUpload.ts';

export interface BlobUploadOptions extends WholeBlobOptions {
  readonly sizer: ChunkSizer;
  /** For ways that let no chunk through. */
  readonly sendWhole: (blob: WholeBlob, options: WholeBlobOptions) => Promise<void>;
}

/** How often one blob is begun anew, and how often one chunk is sent again within its session. */
const restarts: RetryPolicy = { attempts: 9, firstWait: 250, longestWait: 8_000, budget: 60_000 };

type ChunkOutcome =
  | { readonly kind: 'accepted'; readonly session: URL }
  /** Nothing of the chunk arrived: send a smaller one from the same place. */
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'busy'; readonly failure: TeaChestError; readonly asked: number | undefined }
  /** What the session holds is no longer certain. */
  | Broken
  | ChunksRefused;

interface Broken {
  readonly kind: 'broken';
  readonly failure: TeaChestError;
  /** Milliseconds that the registry asks to wait. */
  readonly asked?: number | undefined;
}

/** Something on the way lets no chunk through, of whatever size. */
interface ChunksRefused {
  readonly kind: 'chunksRefused';
  readonly failure: TeaChestError;
}

/**
 * Sends a blob in chunks, and begins anew in a new session when one was interrupted: Gitea keeps the bytes of a torn
 * PATCH on disk but does not count them, and answers every later request of that session with 500 (docs/gitea.md §2, Resume).
 * Where chunks are refused on the way, it goes in one request. No session is left open, however this ends.
 */
export async function uploadInChunks(
  context: RepositoryContext,
  source: GrowingBlob,
  options: BlobUploadOptions,
): Promise<void> {
  const { signal, onSent, sizer, timing } = options;
  const retries = new Retries(restarts, timing);
  for (let mismatches = 0; ;) {
    if (sizer.chunksRefused !== undefined) {
      await uploadWhole(source, sizer.chunksRefused, options);
      return;
    }
    onSent(0);
    const ending = await uploadOnce(context, source, options);
    if (ending === 'stored') return;
    const { failure } = ending;
    if (ending.kind === 'chunksRefused') {
      context.logger.info(`Layers of ${context.repository} go in one request each: ${failure.message}`);
      await uploadWhole(source, failure, options);
      sizer.rememberChunksRefused(failure);
      return;
    }
    // Bytes that arrived changed may have been a broken context once; a second time it is not.
    if (failure.code === 'digestMismatch' && ++mismatches > 1) throw failure;
    const wait = retries.next(ending.asked);
    if (wait === undefined) throw failure;
    context.logger.info(`An upload to ${context.repository} begins anew: ${failure.message}`);
    await timing.sleep(wait, signal);
  }
}

async function uploadWhole(source: GrowingBlob, chunks: TeaChestError, options: BlobUploadOptions): Promise<void> {
  const { signal, onSent, timing } = options;
  // All of it is wanted now: a source that writes only as far as it is read must not wait.
  await source.available(0, Number.MAX_SAFE_INTEGER, signal);
  const { digest, size } = await source.finished;
  try {
    await options.sendWhole({ digest, size, open: () => source.read(0, size) }, { signal, onSent, timing });
  } catch (error) {
    throw wholeRefused(chunks, error);
  }
}

/** One session from beginning to end. Gives the failure if another way or a new session may help, throws if none will. */
async function uploadOnce(
  context: RepositoryContext,
  source: GrowingBlob,
  options: BlobUploadOptions,
): Promise<'stored' | Broken | ChunksRefused> {
  const { signal, timing } = options;
  let session = await openSession(context, signal);
  if (session === undefined) throw new TeaChestError('internal', 'An upload was mounted that asked for no mount.');
  let open = true;
  const pauses = new Retries(restarts, timing);
  try {
    for (let offset = 0; ;) {
      const { bytes, complete } = await source.available(offset, options.sizer.size, signal);
      if (bytes === offset && complete) break;
      const end = Math.min(bytes, offset + options.sizer.size);
      const outcome = await sendChunk(context, session, source, offset, end, options);
      if (outcome.kind === 'broken' || outcome.kind === 'chunksRefused') return outcome;
      if (outcome.kind === 'accepted') {
        session = outcome.session;
        offset = end;
        pauses.reset();
      } else if (outcome.kind === 'busy') {
        const wait = pauses.next(outcome.asked);
        if (wait === undefined) throw outcome.failure;
        await timing.sleep(wait, signal);
      }
    }
    const ending = await commit(context, session, await source.finished, options);
    open = ending !== 'stored';
    return ending;
  } finally {
    if (open) await closeSession(context, session, signal);
  }
}

async function sendChunk(
  context: RepositoryContext,
  session: URL,
  source: GrowingBlob,
  start: number,
  end: number,
  options: BlobUploadOptions,
): Promise<ChunkOutcome> {
  const { signal, onSent, sizer, timing } = options;
  const length = end - start;
  const began = timing.now();
  const body = { isBegun: false };
  const onLeft = (bytes: number): void => {
    body.isBegun = true;
    onSent(bytes);
  };
  onSent(start);
  let broken: Broken;
  try {
    const response = await patchSession(context, session, start, countedBody(source, start, end, onLeft), signal);
    if (isChunkTaken(response)) {
      sizer.accepted(length, timing.now() - began);
      return accepted(context, response, session, end);
    }
    const judged = judgeRefusal(context, response, length, options);
    if (judged.kind !== 'broken') return judged;
    broken = judged;
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    // Gitea closes the connection when it refuses a large body, and the reason may get lost (docs/gitea.md §5): a smaller
    // chunk and, with the next request, a look at the token are the answers to all that it may have been. Where no byte
    // was sent, the size is not to blame.
    if (body.isBegun) sizer.broken(length);
    broken = { kind: 'broken', failure: error };
  }
  // The answer may be all that got lost. One byte could not be told from the off-by-one status of Forgejo.
  if (length > 1 && (await sessionHas(context, session, end, signal))) {
    onSent(end);
    return { kind: 'accepted', session };
  }
  return broken;
}

/** 202 by the specification; 201 and 204 are others' words for it. A 200 is a page of somebody else. */
export function isChunkTaken(response: RegistryResponse): boolean {
  const { status } = response;
  return (status === 201 || status === 202 || status === 204) && !isWebPage(response);
}

function accepted(context: RepositoryContext, response: RegistryResponse, session: URL, end: number): ChunkOutcome {
  const last = lastByte(response);
  if (last !== undefined && last + 1 < end) {
    const { host } = new URL(context.origin);
    const what = `${host} has ${last + 1} bytes of an upload of which ${end} were sent.`;
    return { kind: 'broken', failure: new TeaChestError('uploadLost', what, { facts: { host } }) };
  }
  return { kind: 'accepted', session: uploadLocation(response, context.origin, session) };
}

function judgeRefusal(
  context: RepositoryContext,
  response: RegistryResponse,
  length: number,
  { sizer, timing }: BlobUploadOptions,
): ChunkOutcome {
  const { status } = response;
  const refusal = patchRefused(response);
  if (refusal !== undefined) return { kind: 'chunksRefused', failure: refusal };
  const failure = toError(context, response, 'PATCH', `take a piece of a layer of ${context.repository}`);
  const asked = retryAfter(response, timing.now());
  if (status === 413) {
    // Forgejo's quota is a 413 too, and no chunk is small enough for that.
    if (failure.code !== 'bodyTooLarge' || !sizer.tooLarge(length)) throw failure;
    return { kind: 'tooLarge' };
  }
  if (status === 429) return { kind: 'busy', failure, asked };
  if (isTransientStatus(status)) {
    // Gitea's own 500 says nothing of the size.
    if (status !== 500) sizer.broken(length);
    return { kind: 'broken', failure, asked };
  }
  if (isSessionLost(failure) || status < 400) return { kind: 'broken', failure };
  throw failure;
}

/** Closes the session as a blob. Gives the failure if a new session may help. */
async function commit(
  context: RepositoryContext,
  session: URL,
  blob: { readonly digest: Digest; readonly size: number },
  options: BlobUploadOptions,
): Promise<'stored' | Broken> {
  let response: RegistryResponse | undefined;
  try {
    response = await commitUpload(context, session, blob, options);
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    if (!isSessionLost(error) && error.code !== 'digestMismatch') throw error;
    return { kind: 'broken', failure: error };
  }
  if (response !== undefined) checkStoredDigest(context, response, blob.digest);
  return 'stored';
}

/** The bytes of one chunk; `onSent` follows them as they are handed to the connection. */
function countedBody(source: GrowingBlob, start: number, end: number, onSent: (bytes: number) => void): RequestBody {
  return {
    length: end - start,
    async *open() {
      let sent = start;
      onSent(sent);
      for await (const bytes of source.read(start, end)) {
        yield bytes;
        sent += bytes.byteLength;
        onSent(sent);
      }
    },
  };
}
