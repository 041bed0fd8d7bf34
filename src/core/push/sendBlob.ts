import { orCancelled } from '../base/cancel.ts';
import type { UploadOptions } from '../ports/blobTarget.ts';
import type { BlobDescriptor, ReplayableBlob } from '../ports/blobSource.ts';
import type { BlobOrigin, RepositoryBlobs } from './repositoryBlobs.ts';

/** Bytes from which on a blob is sent before it is complete; a smaller one waits until its digest is known. */
const minEagerBytes = 16 * 1024 * 1024;
/** The same for a codec that is slow: the link would wait for it. */
const minEagerBytesOfSlow = 1024 * 1024;
/** Bytes still to send above which the registry is asked whether it has the blob. */
const minBytesLeft = 4 * 1024 * 1024;

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
  readonly onPhase: UploadOptions['onPhase'];
  /** The blob is written more slowly than most links send. */
  readonly isSlow?: boolean | undefined;
}

/**
 * Brings one blob into the repository. A large one is sent while it is still being compressed; should the registry turn
 * out to have it as soon as its digest is known, the upload is given up.
 */
export async function sendBlob(
  blob: ReplayableBlob,
  blobs: RepositoryBlobs,
  { signal, onSent, onPhase, isSlow = false }: SendOptions,
): Promise<BlobOrigin> {
  const find = async ({ digest, size }: BlobDescriptor, until: AbortSignal): Promise<BlobOrigin | undefined> =>
    (await blobs.locate(digest, size, until))?.origin;

  const eagerBytes = isSlow ? minEagerBytesOfSlow : minEagerBytes;
  const start = await blob.available(0, eagerBytes, signal);
  if (start.complete) {
    const made = await blob.finished;
    const found = await find(made, signal);
    if (found !== undefined) return found;
    const sent = await blobs.uploads.sendOnce(made.digest, signal, async () => {
      const session = blobs.takeSession(made.digest);
      await blobs.target.uploadBlob(blob, { signal, onSent, onPhase, session });
      return 'uploaded' as const;
    });
    return sent ?? 'exists';
  }

  const giveUp = new AbortController();
  const sending = new AbortController();
  const whileSending = AbortSignal.any([signal, sending.signal]);
  let sent = 0;
  let found: BlobOrigin | undefined;
  const asking = orCancelled(blob.finished, whileSending)
    .then(async (made) => {
      if (made.size - sent < minBytesLeft) return;
      found = await find(made, whileSending);
      if (found !== undefined) giveUp.abort();
    })
    // If this fails, the upload fails for the same reason, and its error says more.
    .catch(() => undefined);
  try {
    await blobs.target.uploadBlob(blob, {
      signal: AbortSignal.any([signal, giveUp.signal]),
      firstBytes: isSlow ? eagerBytes : undefined,
      onPhase,
      onSent: (bytes) => {
        sent = bytes;
        onSent(bytes);
      },
    });
    return 'uploaded';
  } catch (error) {
    if (found === undefined) throw error;
    return found;
  } finally {
    // An upload that failed must not wait for a blob that may never be finished.
    sending.abort();
    await asking;
  }
}
