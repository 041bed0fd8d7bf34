import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import type { UploadSession } from '../../ports/blobTarget.ts';
import { isWebPage } from '../errors/errorResponse.ts';
import type { RegistryResponse } from '../http/httpTypes.ts';
import { remedyFor, Retries, settle } from '../http/retry.ts';
import { toError, type RepositoryContext } from '../repositoryContext.ts';
import { patchRefused } from './patchRefusal.ts';
import { restarts, type Interruption, type Upload } from './upload.ts';
import { uploadLocation } from './uploadLocation.ts';
import { lastByte, patchSession, sessionHas } from './uploadSession.ts';

/** What became of a chunk. `again`: the registry has nothing of it, and its bytes can be read again. */
type ChunkOutcome = 'accepted' | (Interruption & { readonly again: boolean });

/**
 * Sends a blob in chunks. Resolves with undefined when the session has all bytes, or with a failure that sending the blob
 * again may cure; rejects with any other.
 */
export async function sendChunks(upload: Upload, session: UploadSession): Promise<Interruption | undefined> {
  const { context, reader, options } = upload;
  const { signal, sizer } = options;
  const retries = new Retries(restarts, context.timing);
  for (let start = 0; ;) {
    const end = await reader.chunkEnd(start, sizer.size);
    if (end === start) return undefined;
    const outcome = await sendChunk(upload, session, start, end);
    if (outcome === 'accepted') {
      start = end;
      retries.reset();
      continue;
    }
    const { failure, again, cutChunk } = outcome;
    if (!again) return { failure, cutChunk: start === 0 ? cutChunk : undefined };
    if (remedyFor(failure) === 'smallerChunk') continue;
    const wait = retries.afterFailure(failure);
    if (wait === undefined) throw failure;
    await context.timing.sleep(wait, signal);
  }
}

async function sendChunk(
  { context, source, reader, options }: Upload,
  session: UploadSession,
  start: number,
  end: number,
): Promise<ChunkOutcome> {
  const { signal, onSent, onPhase, sizer } = options;
  const length = end - start;
  const began = context.timing.now();
  onSent(start);
  const outcome = await settle(patchSession(context, session, start, reader.body(start, end), { signal, onPhase }));
  if ('response' in outcome && isChunkTaken(outcome.response)) {
    // A stream that waits for its source counts as slow: the chunks then grow no faster.
    sizer.accepted(length, context.timing.now() - began);
    session.location = uploadLocation(outcome.response, context.origin, session.location);
    const failure = bytesMissing(context, outcome.response, end);
    return failure === undefined ? 'accepted' : { failure, again: false };
  }
  const failure = 'unreachable' in outcome ? outcome.unreachable : explainChunk(context, outcome.response);
  const remedy = remedyFor(failure);
  if (remedy === 'wholeBlob') return { failure, again: false };
  if (remedy === 'smallerChunk' && sizer.tooLarge(length)) return { failure, again: source.replayable };
  if (remedy === 'smallerChunk' || (remedy === 'giveUp' && failure.code !== 'notARegistry')) throw failure;
  if (failure.facts.status === 429) return { failure, again: source.replayable };
  const isSmaller = isSizeSuspect(failure, reader.position > start) ? sizer.broken(length) : undefined;
  // Perhaps only the answer got lost. The status of one byte cannot be distinguished from Forgejo's, which is off by one.
  if (reader.position === end && length > 1 && (await sessionHas(context, session, end, signal))) {
    onSent(end);
    return 'accepted';
  }
  if (isSmaller === undefined || failure.code !== 'registryUnreachable') return { failure, again: false };
  return { failure, again: false, cutChunk: isSmaller ? 'larger' : 'smallest' };
}

/** 202 by the specification; some registries answer 201 or 204. A 200 comes from something else. */
function isChunkTaken(response: RegistryResponse): boolean {
  const { status } = response;
  return (status === 201 || status === 202 || status === 204) && !isWebPage(response);
}

function bytesMissing(context: RepositoryContext, response: RegistryResponse, end: number): TeaChestError | undefined {
  const last = lastByte(response);
  if (last === undefined || last + 1 >= end) return undefined;
  const { host } = new URL(context.origin);
  const message = l10n.t`${host} has ${last + 1} bytes of an upload of which ${end} were sent.`;
  return new TeaChestError('uploadLost', message, { facts: { host } });
}

function explainChunk(context: RepositoryContext, response: RegistryResponse): TeaChestError {
  return (
    patchRefused(response) ??
    toError(
      context,
      response,
      'PATCH',
      l10n.t({
        message: 'take a piece of a layer of {0}',
        args: [context.repository],
        comment: 'What was tried. Completes “{host} refused to …”, “{host} failed to …” and “Asked to …,”',
      }),
    )
  );
}

/**
 * Whether a smaller chunk may help. Gitea closes the connection when it refuses a large body, and proxies and gateways
 * limit sizes so (docs/gitea.md §5). Gitea's own 500 says nothing about the size, nor does a connection that never was.
 */
function isSizeSuspect(failure: TeaChestError, isBodyBegun: boolean): boolean {
  if (failure.code === 'registryUnreachable') return isBodyBegun;
  return remedyFor(failure) === 'retry' && failure.facts.status !== 500;
}
