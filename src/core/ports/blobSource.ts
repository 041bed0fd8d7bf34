import type { Digest } from '../oci/digest.ts';

/** The bytes of a blob to upload. After a broken upload only a `ReplayableBlob` can be sent again. */
export type BlobSource = ReplayableBlob | StreamedBlob;

export interface BlobDescriptor {
  readonly digest: Digest;
  readonly size: number;
}

/** A blob on disk or in memory that something may still be writing. Can be read again from any offset already written. */
export interface ReplayableBlob {
  readonly replayable: true;
  /**
   * Resolves as soon as `offset` + `want` bytes are there or the blob is complete, with the number of bytes that are
   * there in all. Rejects if whatever writes the blob failed.
   */
  available(
    offset: number,
    want: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly complete: boolean }>;
  /**
   * The bytes from `start` (included) to `end` (excluded); both must be there already. A piece is valid until the next
   * one is asked for: its memory is used again.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Settles with digest and size once complete, or rejects with what went wrong while it was written. */
  readonly finished: Promise<BlobDescriptor>;
}

/** A blob of known digest and size whose bytes can be read only once, while they arrive. */
export interface StreamedBlob extends BlobDescriptor {
  readonly replayable: false;
  /** Ends only if the bytes have the digest; throws before the last of them if they do not. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Called for each piece whose bytes were copied or written: its memory may be used for something else. */
  readonly onWritten?: ((piece: Uint8Array) => void) | undefined;
}

/** A blob held in memory. */
export function bytesSource(bytes: Uint8Array, digest: Digest): ReplayableBlob {
  return {
    replayable: true,
    available: () => Promise.resolve({ bytes: bytes.byteLength, complete: true }),
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, the bytes are in memory
    async *read(start, end) {
      yield bytes.subarray(start, end);
    },
    finished: Promise.resolve({ digest, size: bytes.byteLength }),
  };
}
