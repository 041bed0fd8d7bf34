import { HEADS, LITLEN_COUNTS, MAX_TOKENS, TOKENS, WINDOW } from './layout';
import { setTokenEnd, NOTHING, putLiteral, putLiterals, putMatch, putTwoLiterals, tokenEnd } from './tokens';

/** 64 KiB of entries: more finds little more, and no longer fits in the processor's cache. */
const HASH_BITS: u32 = 14;
/** Bits of an entry that hold a position; those above hold bits of the hash. */
const POSITION_BITS: u32 = 21;

// @ts-ignore: decorator
@inline
function hash(bytes: u32): u32 {
  return bytes * 0x9e3779b1;
}

// @ts-ignore: decorator
@inline
function slotOf(hashed: u32): usize {
  return (hashed >> (30 - HASH_BITS)) & ((4 << HASH_BITS) - 4);
}

/**
 * An address, and above it the bits of the hash that did not choose the slot. So the difference of two entries is a
 * distance if the four bytes are (almost surely) equal, and a huge number otherwise: one comparison decides.
 */
// @ts-ignore: decorator
@inline
function entryOf(hashed: u32, at: usize): u32 {
  return (hashed << POSITION_BITS) | <u32>at;
}

// @ts-ignore: decorator
@inline
function insert(at: usize): void {
  const hashed = hash(load<u32>(at));
  store<u32>(slotOf(hashed), entryOf(hashed, at), HEADS);
}

/** Clears the table and enters the history before a block. */
export function primeFast(from: usize, to: usize): void {
  memory.fill(HEADS, 0, 4 << HASH_BITS);
  insertFast(from, to, 1);
}

/** Enters every `stride`th position of bytes that were not searched. */
export function insertFast(from: usize, to: usize, stride: usize): void {
  for (let at = from; at + 4 <= to; at += stride) insert(at);
}

/** Whether any of the positions has a candidate. */
export function hasCandidateFast(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) {
    const hashed = hash(load<u32>(at));
    const distance = entryOf(hashed, at) - load<u32>(slotOf(hashed), HEADS);
    if (distance - 1 < <u32>WINDOW) return true;
  }
  return false;
}

/** Level 1: finds tokens for the bytes from `at` on, until the token buffer is full; returns the position reached. */
export function searchFast(at: usize, end: usize): usize {
  // Every token but two stands for at least two bytes, so that much input can be searched without counting tokens.
  const last = end - 12;
  const full = TOKENS + (MAX_TOKENS - 256) * 4;
  while (at < last && tokenEnd < full) at = searchStretch(at, min(last, at + ((full - tokenEnd) >> 1)), end);
  if (at < last) return at;
  putLiterals(at, end);
  return max(at, end);
}

/**
 * Two positions a step, one candidate each; the first match is used. Unpredictable branches cost most here: there is one
 * for "any match?", one for "longer than seven?", and no other.
 */
function searchStretch(at: usize, to: usize, end: usize): usize {
  let token = tokenEnd;
  while (at < to) {
    const here = load<u64>(at);
    const hashed0 = hash(<u32>here);
    const slot0 = slotOf(hashed0);
    const entry0 = entryOf(hashed0, at);
    const distance0 = entry0 - load<u32>(slot0, HEADS);
    store<u32>(slot0, entry0, HEADS);
    const hashed1 = hash(<u32>(here >> 8));
    const slot1 = slotOf(hashed1);
    const entry1 = entryOf(hashed1, at + 1);
    const distance1 = entry1 - load<u32>(slot1, HEADS);
    store<u32>(slot1, entry1, HEADS);
    if (min(distance0 - 1, distance1 - 1) >= <u32>WINDOW) {
      token = putTwoLiterals(token, <u32>here & 0xff, (<u32>here >> 8) & 0xff);
      at += 2;
      continue;
    }
    const skip: usize = usize(distance0 - 1 >= <u32>WINDOW);
    const distance: usize = select<u32>(distance1, distance0, skip);
    const diff = load<u64>(at + skip) ^ load<u64>(at + skip - distance);
    const byte = <u32>here & 0xff;
    if (<u32>diff != 0) {
      // A hash collision. Two literals nevertheless: a token must not stand for one byte.
      token = putTwoLiterals(token, byte, (<u32>here >> 8) & 0xff);
      at += 2;
      continue;
    }
    // The literal before a match at the second position: always written, kept only if the match is there.
    store<u32>(token, byte | (NOTHING << 10));
    store<u32>(byte << 2, load<u32>(byte << 2, LITLEN_COUNTS) + <u32>skip, LITLEN_COUNTS);
    token += skip << 2;
    at += skip;
    const length = diff != 0 ? <usize>(ctz(diff) >> 3) : lengthBeyond(8, at, at - distance, min<usize>(end - at, 258));
    token = putMatch(token, length, <u32>distance);
    insert(at + 1);
    insert(at + 2);
    insert(at + 3);
    at += length;
    insert(at - 1);
  }
  setTokenEnd(token);
  return at;
}

/** How many bytes, up to `most`, are equal at two positions whose first `length` bytes are equal. */
// @ts-ignore: decorator
@inline
export function lengthBeyond(length: usize, a: usize, b: usize, most: usize): usize {
  while (length < most) {
    const diff = load<u64>(a + length) ^ load<u64>(b + length);
    if (diff != 0) return min(length + <usize>(ctz(diff) >> 3), most);
    length += 8;
  }
  return most;
}
