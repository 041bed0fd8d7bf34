import { DIST_COUNTS, LITLEN_COUNTS, TOKENS } from './layout';

/**
 * The result of the search, four bytes per token, so that writing it needs two table look-ups and no branch:
 *   bits 0–9    literal/length index: a byte, 256 for end of block, or length + 254 (257 … 512)
 *   bits 10–18  second index: a distance symbol (0–29), NOTHING, or a second literal + SECOND
 *   bits 19–31  the distance's extra bits
 */
export const LENGTH_BASE: u32 = 254;
export const END_OF_BLOCK: u32 = 256;
export const NOTHING: u32 = 30;
export const SECOND: u32 = 31;

/** Address of the next token. */
export let tokenEnd: usize = TOKENS;
export function setTokenEnd(at: usize): void {
  tokenEnd = at;
}

// @ts-ignore: decorator
@inline
function countLitlen(index: usize): void {
  store<u32>(index << 2, load<u32>(index << 2, LITLEN_COUNTS) + 1, LITLEN_COUNTS);
}

// @ts-ignore: decorator
@inline
function countDistance(symbol: usize): void {
  store<u32>(symbol << 2, load<u32>(symbol << 2, DIST_COUNTS) + 1, DIST_COUNTS);
}

/** Writes one literal; returns the address of the next token. */
// @ts-ignore: decorator
@inline
export function putLiteral(at: usize, byte: u32): usize {
  store<u32>(at, byte | (NOTHING << 10));
  countLitlen(byte);
  return at + 4;
}

// @ts-ignore: decorator
@inline
export function putTwoLiterals(at: usize, first: u32, second: u32): usize {
  store<u32>(at, first | ((second + SECOND) << 10));
  countLitlen(first);
  countLitlen(second);
  return at + 4;
}

/** Extra bits of a distance; its symbol follows from it (RFC 1951 §3.2.5: two symbols for each number of extra bits). */
// @ts-ignore: decorator
@inline
export function putMatch(at: usize, length: usize, distance: u32): usize {
  const d = distance - 1;
  const extraBits = 30 - clz(d | 2);
  const symbol = 2 * extraBits + (d >> extraBits);
  const extra = d & ((1 << extraBits) - 1);
  store<u32>(at, <u32>(length + LENGTH_BASE) | (symbol << 10) | (extra << 19));
  countLitlen(length + LENGTH_BASE);
  countDistance(symbol);
  return at + 4;
}

/** The last few bytes of the input, which are not searched. */
export function putLiterals(from: usize, to: usize): void {
  for (; from < to; from++) tokenEnd = putLiteral(tokenEnd, load<u8>(from));
}
