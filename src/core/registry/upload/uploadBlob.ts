import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobSource } from '../../ports/blobSource.ts';
import type { UploadSession } from '../../ports/blobTarget.ts';
import { UploadInterruptedError } from '../../ports/uploadInterruptedError.ts';
import { checkStoredDigest, headBlob } from '../blobs/headBlob.ts';
import type { RegistryResponse, RequestBody } from '../http/httpTypes.ts';
import { isUnreachable, remedyFor, Retries } from '../http/retry.ts';
import { toError, type RepositoryContext } from '../repositoryContext.ts';
import { readerOf } from './blobReader.ts';
import { smallestChunk } from './chunkSizer.ts';
import { chunksCut, wholeRefused } from './patchRefusal.ts';
import { sendChunks } from './sendChunks.ts';
import { isStored, storeAndVerify } from './storeAndVerify.ts';
import { restarts, type Interruption, type Upload, type UploadBlobOptions } from './upload.ts';
import { uploadLocation } from './uploadLocation.ts';
import { commitSession, isSessionOpened, openSession, postBlob, sessionAt, type UploadCall } from './uploadSession.ts';

/**
 * Bytes up to which a stream goes in one request if the registry is near and no limit of requests was ever seen, as docker
 * push does it. Each chunk costs distribution a flush to its disk.
 */
const largestWholeStream = 512 * 1024 * 1024;
/** Broken connections under the first chunk of a blob, in a row, after which it goes in one request. */
const mostChunksCut = 4;

/** How a blob is to be sent; `any`: in one request if it is small. */
type Form = 'any' | 'chunks' | 'whole';

/**
 * Uploads one blob: in chunks, or in one request if it is small or something between here and the registry refuses chunks.
 * If that fails, a blob that can be read again is sent again from its first byte in a new session: Gitea keeps the bytes
 * of an interrupted PATCH on disk but does not count them, and answers every later request of that session with 500
 * (docs/gitea.md §2, Resume). No session is left open, however this ends.
 */
export async function uploadBlob(
  context: RepositoryContext,
  source: BlobSource,
  options: UploadBlobOptions,
): Promise<void> {
  const { signal, session } = options;
  const reader = readerOf(source, options);
  const upload = { context, source, reader, options };
  try {
    if (source.replayable) await uploadUntilStored(upload);
    else await uploadStream(upload);
  } finally {
    reader.close();
    await session?.close(signal);
  }
}

/** One try, because the bytes cannot be read again. */
async function uploadStream(upload: Upload): Promise<void> {
  const { sizer, session, onSent } = upload.options;
  onSent(0);
  const { chunksRefused } = sizer;
  let failure: TeaChestError;
  try {
    const interruption = await tryOnce(upload, session, chunksRefused === undefined ? 'any' : 'whole');
    if (interruption === undefined) return;
    failure = wholeRefused(chunksRefused, interruption.failure);
  } catch (error) {
    if (!(error instanceof TeaChestError)) throw error;
    failure = wholeRefused(chunksRefused, error);
    if (remedyFor(failure) === 'giveUp') throw failure;
  }
  throw new UploadInterruptedError(failure);
}

async function uploadUntilStored(upload: Upload): Promise<void> {
  const { context, options } = upload;
  const { signal, onSent, sizer } = options;
  const retries = new Retries(restarts, context.timing);
  let { session } = options;
  let { chunksRefused } = sizer;
  let form: Form = 'any';
  for (let [mismatches, cuts] = [0, 0]; ; session = undefined) {
    onSent(0);
    if (chunksRefused !== undefined) form = 'whole';
    const interruption = await tryOnce(upload, session, form).catch((error: unknown) => {
      throw error instanceof TeaChestError ? wholeRefused(chunksRefused, error) : error;
    });
    if (interruption === undefined) {
      if (chunksRefused !== undefined) sizer.rememberChunksRefused(chunksRefused);
      return;
    }
    const { failure, cutChunk } = interruption;
    if (chunksRefused === undefined) {
      if (remedyFor(failure) === 'smallerChunk') {
        form = 'chunks';
        continue;
      }
      // A connection that breaks under every first chunk, down to the smallest, may be a firewall's refusal of PATCH.
      cuts = cutChunk === undefined ? 0 : cuts + 1;
      if (remedyFor(failure) === 'wholeBlob') chunksRefused = failure;
      else if (cuts >= mostChunksCut && cutChunk === 'smallest') chunksRefused = chunksCut(failure, context);
      if (chunksRefused !== undefined) {
        context.logger.info(`A layer of ${context.repository} goes in one request: ${chunksRefused.message}`);
        continue;
      }
    }
    // Bytes that changed between here and the registry may be an accident once, but not twice.
    const isGivenUp = failure.code === 'bodyTooLarge' || (failure.code === 'digestMismatch' && ++mismatches > 1);
    const wait = isGivenUp ? undefined : retries.afterFailure(failure);
    if (wait === undefined) throw wholeRefused(chunksRefused, failure);
    context.logger.info(`An upload to ${context.repository} begins again: ${failure.message}`);
    await context.timing.sleep(wait, signal);
  }
}

/**
 * Sends the blob once, in the given session or one of its own. Resolves with undefined if the registry has the blob, or
 * with a failure that sending it again may cure; rejects with any other.
 */
async function tryOnce(
  upload: Upload,
  given: UploadSession | undefined,
  form: Form,
): Promise<Interruption | undefined> {
  const { context, source, reader, options } = upload;
  const { signal } = options;
  const isWhole = form === 'any' ? await reader.isAtMost(wholeUpTo(upload)) : form === 'whole';
  const body = isWhole ? reader.body(0, (await reader.finished()).size) : undefined;
  if (given === undefined && body !== undefined && options.takesPost && source.replayable) {
    return store(upload, undefined, body);
  }
  const session = given ?? (await openSession(context, signal));
  if (session === undefined)
    throw new TeaChestError('internal', l10n.t('An upload was mounted that asked for no mount.'));
  try {
    const interruption = body === undefined ? await sendChunks(upload, session) : undefined;
    return interruption ?? (await store(upload, session, body));
  } finally {
    await session.close(signal);
  }
}

function wholeUpTo({ source, options: { isNear, sizer } }: Upload): number {
  // A chunk would cost one more request, and is never smaller than this.
  if (source.replayable) return smallestChunk;
  return isNear && sizer.seemsUnlimited ? largestWholeStream : 0;
}

/**
 * Makes a session the blob, with all of it in `body` if it was not sent in chunks. Without a session the blob is sent with a
 * POST.
 */
async function store(
  upload: Upload,
  session: UploadSession | undefined,
  body: RequestBody | undefined,
): Promise<Interruption | undefined> {
  const { context, source, reader, options } = upload;
  const { signal, onPhase, sizer } = options;
  const call = { signal, onPhase };
  const { digest, size } = await reader.finished();
  const isLastChance = body !== undefined && !source.replayable;
  const stored = await storeAndVerify(
    context,
    {
      attempt: async () =>
        session === undefined
          ? postWhole(context, digest, body ?? reader.body(0, size), call)
          : commitSession(context, session, digest, body, call),
      // A body that was sent in part spoils its session.
      isRepeatable: body === undefined,
      // The HEAD is retried only if the bytes cannot be sent again.
      verify: async () => (await headBlob(context, digest, signal, isLastChance ? {} : { retry: 'never' })) === size,
      explain: (answer) =>
        toError(
          context,
          answer,
          session === undefined ? 'POST' : 'PUT',
          l10n.t({
            message: 'store a layer of {0}',
            args: [context.repository],
            comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
          }),
        ),
      what: `A layer of ${context.repository}`,
    },
    signal,
  );
  if (!(stored instanceof TeaChestError)) {
    if (session !== undefined) session.location = undefined;
    if (stored !== undefined) checkStoredDigest(context, stored, digest);
    options.onSent(size);
    return undefined;
  }
  const remedy = remedyFor(stored);
  if (body !== undefined) {
    if (isUnreachable(stored) && reader.position > 0) sizer.broken(size);
    if (remedy === 'smallerChunk') sizer.tooLarge(size);
  }
  const isBodyToBlame = body !== undefined && (remedy === 'retry' || remedy === 'smallerChunk');
  // A POST has no session that could be gone: its 404 is about the repository.
  const isSessionToBlame = remedy === 'newSession' && (session !== undefined || stored.code === 'digestMismatch');
  if (!isBodyToBlame && !isSessionToBlame) throw stored;
  return { failure: stored };
}

/** The distribution spec lets a registry open a session although the POST has all bytes: then they go to that session. */
async function postWhole(
  context: RepositoryContext,
  digest: Digest,
  body: RequestBody,
  call: UploadCall,
): Promise<RegistryResponse> {
  const response = await postBlob(context, digest, body, call);
  if (!isSessionOpened(response)) return response;
  const session = sessionAt(context, uploadLocation(response, context.origin));
  try {
    const answer = await commitSession(context, session, digest, body, call);
    if (isStored(answer)) session.location = undefined;
    return answer;
  } finally {
    await session.close(call.signal);
  }
}
