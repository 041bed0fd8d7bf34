/** Passes the chunks on, and calls `onReceived` with the bytes so far. */
export async function* countBytes(
  chunks: AsyncIterable<Buffer>,
  onReceived: (bytes: number) => void,
): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    onReceived(bytes);
    yield chunk;
  }
}
