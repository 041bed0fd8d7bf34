/**
 * The first `count` bytes of a stream (fewer if it is shorter), and the whole stream again, from its beginning. Leaving
 * the loop over `body` closes the stream. No piece is used after the next one is asked for.
 */
export async function peekBytes(
  stream: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ readonly head: Uint8Array; readonly body: AsyncIterable<Uint8Array> }> {
  const pieces = stream[Symbol.asyncIterator]();
  let head: Uint8Array = Buffer.alloc(0);
  while (head.byteLength < count) {
    // A copy: the source may reuse the piece's memory for the next one.
    head = Buffer.from(head);
    const next = await pieces.next();
    if (next.done === true) break;
    head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, body: resumed(head, pieces) };
}

async function* resumed(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (head.byteLength > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
