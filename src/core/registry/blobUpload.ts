import { TeaChestError } from '../base/errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { ChunkSizer } from './chunkSizer.ts';
import { header, type RegistryResponse, type RequestBody } from './messages.ts';
import { backoff, type RetryPolicy, type Timing } from './retry.ts';
import { uploadLocation } from './uploadLocation.ts';
import {
  closeSession,
  commitSession,
  lastByte,
  openSession,
  patchSession,
  refused,
  repositoryScopes,
  repositoryUrl,
  sessionHas,
  type RepositoryWire,
} from './uploadSession.ts';

/** A blob that may still be growing; the shape of the push's GrowingBlob. Can be read again from any place. */
export interface BlobSource {
  available(
    offset: number,
    want: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly complete: boolean }>;
  /** `start` included, `end` excluded. A piece is good until the next one is asked for. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  readonly finished: Promise<{ readonly digest: Digest; readonly size: number }>;
}

export interface BlobUploadOptions {
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  readonly sizer: ChunkSizer;
  readonly timing: Timing;
}

/** How often one blob is begun anew, and the waits before it. The ways from 16 MiB down to 512 KiB are five. */
const restarts: RetryPolicy = { attempts: 9, firstWait: 250, longestWait: 8_000, budget: Infinity };
/** How often one chunk is sent again because the registry was busy, within the same session. */
const mostPauses = 5;

const emptyDigest = digestOf(new Uint8Array());

type ChunkOutcome =
  | { readonly kind: 'accepted'; readonly session: URL }
  /** Nothing of the chunk arrived: send a smaller one from the same place. */
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'busy'; readonly failure: TeaChestError }
  /** What the session holds is no longer certain. */
  | { readonly kind: 'broken'; readonly failure: TeaChestError };

/**
 * Sends a blob in chunks, and begins anew in a new session when one was interrupted: Gitea keeps the bytes of a torn
 * PATCH on disk but does not count them, and answers every later request of that session with 500 (docs/gitea.md §2, Resume).
 * No session is left open, however this ends.
 */
export async function uploadInChunks(
  wire: RepositoryWire,
  source: BlobSource,
  options: BlobUploadOptions,
): Promise<void> {
  const { signal, onSent, timing } = options;
  for (let attempt = 1; ; attempt++) {
    onSent(0);
    const failure = await uploadOnce(wire, source, options);
    if (failure === undefined) return;
    // Bytes that arrived changed may have been a broken wire once; a second time it is not.
    const most = failure.code === 'digestMismatch' ? 2 : restarts.attempts;
    if (attempt >= most) throw failure;
    wire.logger.info(`An upload to ${wire.repository} begins anew: ${failure.message}`);
    await timing.sleep(backoff(attempt, restarts, timing.random), signal);
  }
}

/** One session from beginning to end. Gives the failure if a new session may help, throws if none will. */
async function uploadOnce(
  wire: RepositoryWire,
  source: BlobSource,
  options: BlobUploadOptions,
): Promise<TeaChestError | undefined> {
  const { signal } = options;
  let session = await openSession(wire, signal);
  if (session === undefined) throw new TeaChestError('internal', 'An upload was mounted that asked for no mount.');
  let open = true;
  try {
    for (let offset = 0, pauses = 0; ;) {
      const { bytes, complete } = await source.available(offset, options.sizer.size, signal);
      if (bytes === offset && complete) break;
      const end = Math.min(bytes, offset + options.sizer.size);
      const outcome = await sendChunk(wire, session, source, offset, end, options);
      if (outcome.kind === 'broken') return outcome.failure;
      if (outcome.kind === 'accepted') {
        session = outcome.session;
        offset = end;
        pauses = 0;
      } else if (outcome.kind === 'busy') {
        if (++pauses > mostPauses) throw outcome.failure;
        await options.timing.sleep(backoff(pauses, restarts, options.timing.random), signal);
      }
    }
    const failure = await commit(wire, session, await source.finished, signal);
    open = failure !== undefined;
    return failure;
  } finally {
    if (open) await closeSession(wire, session, signal);
  }
}

async function sendChunk(
  wire: RepositoryWire,
  session: URL,
  source: BlobSource,
  start: number,
  end: number,
  { signal, onSent, sizer, timing }: BlobUploadOptions,
): Promise<ChunkOutcome> {
  const length = end - start;
  const began = timing.now();
  onSent(start);
  let failure: TeaChestError;
  try {
    const response = await patchSession(wire, session, start, countedBody(source, start, end, onSent), signal);
    if (response.status === 201 || response.status === 202 || response.status === 204) {
      sizer.accepted(length, timing.now() - began);
      return accepted(wire, response, session, end);
    }
    const judged = judgeRefusal(wire, response, length, sizer);
    if (judged.kind !== 'broken') return judged;
    failure = judged.failure;
  } catch (error) {
    if (!(error instanceof TeaChestError) || error.code !== 'registryUnreachable') throw error;
    // Gitea closes the connection when it refuses a large body, and the reason may get lost (docs/gitea.md §5): a smaller
    // chunk and, with the next request, a look at the token are the answers to all that it may have been.
    sizer.broken(length);
    failure = error;
  }
  // The answer may be all that got lost. One byte could not be told from the off-by-one status of Forgejo.
  if (length > 1 && (await sessionHas(wire, session, end, signal))) {
    onSent(end);
    return { kind: 'accepted', session };
  }
  return { kind: 'broken', failure };
}

function accepted(wire: RepositoryWire, response: RegistryResponse, session: URL, end: number): ChunkOutcome {
  const last = lastByte(response);
  if (last !== undefined && last + 1 < end) {
    const { host } = new URL(wire.origin);
    const what = `${host} has ${last + 1} bytes of an upload of which ${end} were sent.`;
    return { kind: 'broken', failure: new TeaChestError('uploadLost', what, { facts: { host } }) };
  }
  return { kind: 'accepted', session: uploadLocation(response, wire.origin, session) };
}

function judgeRefusal(
  wire: RepositoryWire,
  response: RegistryResponse,
  length: number,
  sizer: ChunkSizer,
): ChunkOutcome {
  const failure = refused(wire, response, 'PATCH', `take a piece of a layer of ${wire.repository}`);
  switch (response.status) {
    case 413:
      // Forgejo's quota is a 413 too, and no chunk is small enough for that.
      if (failure.code !== 'bodyTooLarge' || !sizer.tooLarge(length)) throw failure;
      return { kind: 'tooLarge' };
    case 429:
      return { kind: 'busy', failure };
    case 408:
    case 502:
    case 503:
    case 504:
    case 524: // Cloudflare: the server behind it did not answer in 100 s
      sizer.broken(length);
      return { kind: 'broken', failure };
    case 416:
      return { kind: 'broken', failure };
    default:
      if (failure.code === 'uploadLost' || failure.code === 'registryFailed') return { kind: 'broken', failure };
      throw failure;
  }
}

/** Closes the session as a blob. Gives the failure if a new session may help. */
async function commit(
  wire: RepositoryWire,
  session: URL,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  signal: AbortSignal,
): Promise<TeaChestError | undefined> {
  const response = await commitSession(wire, session, digest, signal);
  if (response.status < 300) {
    checkStoredDigest(wire, response, digest);
    return undefined;
  }
  // The answer to a first PUT may have been lost after it had worked: then the session is gone and the blob is there.
  if (response.status === 404 || response.status >= 500) {
    if ((await headBlob(wire, digest, signal)) === size) return undefined;
  }
  const failure = refused(wire, response, 'PUT', `store a layer of ${wire.repository}`);
  const curable = failure.code === 'uploadLost' || failure.code === 'digestMismatch' || response.status === 416;
  if (!curable) throw failure;
  return failure;
}

/** Throws `digestMismatch` if the registry says it stored something else. Gitea 1.25.0–1.25.2 may say nothing (#36021). */
export function checkStoredDigest(wire: RepositoryWire, response: RegistryResponse, digest: Digest): void {
  const stored = header(response, 'docker-content-digest');
  if (stored === undefined || stored === '' || stored === digest) return;
  const { host } = new URL(wire.origin);
  throw new TeaChestError('digestMismatch', `${host} stored ${stored} where ${digest} was sent.`, {
    facts: { host, stored, sent: digest },
  });
}

/** Size in bytes of a blob of this repository; undefined if it has none of that digest. */
export async function headBlob(wire: RepositoryWire, digest: Digest, signal: AbortSignal): Promise<number | undefined> {
  const response = await wire.send({
    method: 'HEAD',
    url: repositoryUrl(wire, `blobs/${digest}`),
    signal,
    scopes: repositoryScopes(wire),
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw refused(wire, response, 'HEAD', `look for a layer in ${wire.repository}`);
  const length = header(response, 'content-length');
  // Go leaves the length of nothing away.
  if (length === undefined && digest === emptyDigest) return 0;
  // Without a length nobody can say that it is the whole blob: take it as not there, and send it.
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** The bytes of one chunk; `onSent` follows them as they are handed to the connection. */
function countedBody(source: BlobSource, start: number, end: number, onSent: (bytes: number) => void): RequestBody {
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
