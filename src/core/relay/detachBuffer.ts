/**
 * Gives the memory of a piece back at once. Left to the garbage collector, the pieces of a push pile up until V8 walks
 * through all objects of the process for their sake, over and over. A part of a buffer stays: others have parts of it.
 */
export function detachBuffer({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) return;
  buffer.transfer(0);
}
