import type { Digest } from '../oci/digest.ts';

/** A blob on disk that may still be growing. Can be read again from any offset already written. */
export interface GrowingBlob {
  /**
   * Resolves as soon as `offset` + `want` bytes are there or the blob is complete, with the number of bytes that are
   * there in all. Rejects if whatever fills the blob failed.
   */
  available(
    offset: number,
    want: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly complete: boolean }>;
  /**
   * The bytes from `start` (included) to `end` (excluded); both must be there already. A piece is good until the next
   * one is asked for: its memory is used again.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Settles with digest and size once complete, or rejects with what went wrong while filling. */
  readonly finished: Promise<{ readonly digest: Digest; readonly size: number }>;
}
