/** Turns a layer's tar into the bytes that are stored. Same bytes in, same bytes out, on every machine. */
export interface LayerCodec {
  /** Names the codec, its level and its version: part of the digest cache's key. */
  readonly id: string;
  readonly mediaType: string;
  /** True: what comes out is what went in. */
  readonly isIdentity: boolean;
  /** True: it compresses more slowly than most links send, so that its blobs are sent from their first bytes on. */
  readonly isSlow?: boolean;
  /**
   * Compresses in other threads. Stops when the signal fires or the consumer leaves the loop. Each piece is valid until
   * the next one is asked for: its memory is used again.
   */
  encode(tar: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}
