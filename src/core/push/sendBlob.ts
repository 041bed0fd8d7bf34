import { orCancelled } from '../base/cancel.ts';
import type { Digest } from '../oci/digest.ts';
import { findBlob, type FindBlobOptions, type BlobPresence } from './findBlob.ts';
import type { GrowingBlob } from '../ports/growingBlob.ts';

type MadeBlob = Awaited<GrowingBlob['finished']>;

/** A blob this far along is sent before it is complete; a smaller one waits until its digest can be asked for. */
const eagerFrom = 16 * 1024 * 1024;
/** Bytes still to send above which it is worth asking whether the registry has the blob after all. */
const worthAsking = 4 * 1024 * 1024;

/**
 * Brings one blob into the repository. A large one is sent while it is still being compressed; should the registry turn
 * out to have it as soon as its digest is known, the upload is given up.
 */
export async function sendBlob(
  blob: GrowingBlob,
  ladder: FindBlobOptions,
  options: {
    readonly signal: AbortSignal;
    readonly onSent: (bytes: number) => void;
    /** True for a digest that the registry is already known not to have. */
    readonly isMissing: (digest: Digest) => boolean;
  },
): Promise<BlobPresence | 'uploaded'> {
  const { signal, onSent, isMissing } = options;
  const find = async (made: MadeBlob, asked: AbortSignal): Promise<BlobPresence | undefined> =>
    isMissing(made.digest) ? undefined : await findBlob(made, ladder, asked);

  const start = await blob.available(0, eagerFrom, signal);
  if (start.complete) {
    const made = await blob.finished;
    const found = await find(made, signal);
    if (found !== undefined) return found;
    const sent = await ladder.uploads.sendBlob(made.digest, signal, async () => {
      await ladder.target.uploadBlob(blob, { signal, onSent });
      return 'uploaded' as const;
    });
    return sent ?? 'exists';
  }

  const giveUp = new AbortController();
  const sending = new AbortController();
  const whileSending = AbortSignal.any([signal, sending.signal]);
  let sent = 0;
  let found: BlobPresence | undefined;
  const asking = orCancelled(blob.finished, whileSending)
    .then(async (made) => {
      if (made.size - sent < worthAsking) return;
      found = await find(made, whileSending);
      if (found !== undefined) giveUp.abort();
    })
    // If asking fails, the upload meets the same trouble and says it better.
    .catch(() => undefined);
  try {
    await ladder.target.uploadBlob(blob, {
      signal: AbortSignal.any([signal, giveUp.signal]),
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
