/** Bits not yet written, from bit 0 up, and their number: fewer than 8 after every call. */
let buffer: u64 = 0;
let count: u32 = 0;
/** Address of the next whole byte. */
let out: usize = 0;

export function beginOutput(at: usize): void {
  buffer = 0;
  count = 0;
  out = at;
}

/** Writes the low `n` bits (at most 56) of `bits`, which has no others set. */
export function writeBits(bits: u64, n: u32): void {
  buffer |= bits << count;
  count += n;
  store<u64>(out, buffer);
  out += count >> 3;
  buffer >>= count & ~7;
  count &= 7;
}

/** Pads the current byte with zeros; returns the address of the next one. */
export function alignToByte(): usize {
  if (count > 0) writeBits(0, 8 - count);
  return out;
}

/** Copies whole bytes, after `alignToByte`. */
export function writeBytes(from: usize, length: usize): void {
  memory.copy(out, from, length);
  out += length;
}

// The hot loop of emit.ts keeps these in locals.
export function bitBuffer(): u64 {
  return buffer;
}
export function bitCount(): u32 {
  return count;
}
export function outputEnd(): usize {
  return out;
}
export function resume(newBuffer: u64, newCount: u32, newOut: usize): void {
  buffer = newBuffer;
  count = newCount;
  out = newOut;
}
