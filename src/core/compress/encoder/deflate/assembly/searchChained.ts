import { CHAIN, HEADS, HEADS3, MAX_TOKENS, TOKENS, WINDOW } from './layout';
import { lengthBeyond } from './searchFast';
import { putLiteral, putLiterals, putMatch, setTokenEnd, tokenEnd } from './tokens';

const HASH_BITS: u32 = 16;
const HASH3_BITS: u32 = 15;
/** A match of three bytes from farther away costs more than its literals. */
const NEAR: usize = 4096;
const CHAIN_MASK: usize = (WINDOW - 1) << 2;

/** What `findMatch` found. */
let length: usize = 0;
let distance: usize = 0;

// @ts-ignore: decorator
@inline
function slotOf(at: usize): usize {
  return ((load<u32>(at) * 0x9e3779b1) >> (32 - HASH_BITS)) << 2;
}

// @ts-ignore: decorator
@inline
function slot3Of(at: usize): usize {
  return (((load<u32>(at) << 8) * 0x9e3779b1) >> (32 - HASH3_BITS)) << 2;
}

// @ts-ignore: decorator
@inline
function insert(at: usize): void {
  const slot = slotOf(at);
  store<u32>((at << 2) & CHAIN_MASK, load<u32>(slot, HEADS), CHAIN);
  store<u32>(slot, <u32>at, HEADS);
  store<u32>(slot3Of(at), <u32>at, HEADS3);
}

/** Clears the tables and enters the history before a block. */
export function primeChained(from: usize, to: usize): void {
  memory.fill(HEADS, 0, 4 << HASH_BITS);
  memory.fill(HEADS3, 0, 4 << HASH3_BITS);
  insertChained(from, to, 1);
}

/** Enters every `stride`th position of bytes that were not searched. */
export function insertChained(from: usize, to: usize, stride: usize): void {
  for (let at = from; at + 4 <= to; at += stride) insert(at);
}

/** Whether any of the positions has a candidate with the same four bytes. */
export function hasCandidateChained(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) {
    const candidate: usize = load<u32>(slotOf(at), HEADS);
    if (candidate + WINDOW >= at && load<u32>(candidate) == load<u32>(at)) return true;
  }
  return false;
}

/** Looks for a match longer than `atLeast` among at most `depth` candidates; one of `enough` bytes ends the search. */
function findMatch(at: usize, most: usize, atLeast: usize, depth: u32, enough: usize): void {
  const slot = slotOf(at);
  let candidate: usize = load<u32>(slot, HEADS);
  store<u32>((at << 2) & CHAIN_MASK, <u32>candidate, CHAIN);
  store<u32>(slot, <u32>at, HEADS);
  const slot3 = slot3Of(at);
  const candidate3: usize = load<u32>(slot3, HEADS3);
  store<u32>(slot3, <u32>at, HEADS3);

  const first = load<u32>(at);
  let best = max<usize>(atLeast, 3);
  length = 0;
  if (atLeast < 3 && candidate3 + NEAR >= at && ((load<u32>(candidate3) ^ first) & 0xffffff) == 0) {
    length = 3;
    distance = at - candidate3;
  }
  while (candidate + WINDOW >= at && best < most) {
    // The byte that would make it longer and the three before it: most candidates fail here.
    if (load<u32>(candidate + best - 3) == load<u32>(at + best - 3) && load<u32>(candidate) == first) {
      const found = lengthBeyond(4, at, candidate, most);
      if (found > best) {
        best = found;
        length = found;
        distance = at - candidate;
        if (found >= enough) return;
      }
    }
    if (--depth == 0) return;
    const next: usize = load<u32>((candidate << 2) & CHAIN_MASK, CHAIN);
    if (next >= candidate) return;
    candidate = next;
  }
}

/**
 * Levels 2 to 9: as `searchFast`, but with chains of candidates and lazy matching: before a match is used, up to
 * `lookahead` following positions are searched too, since a longer match may begin there.
 */
export function searchChained(at: usize, end: usize, depth: u32, enough: usize, lookahead: u32): usize {
  const last = end - 12;
  const full = TOKENS + (MAX_TOKENS - 16) * 4;
  let token = tokenEnd;
  while (at < last && token < full) {
    findMatch(at, min<usize>(end - at, 258), 0, depth, enough);
    if (length == 0) {
      token = putLiteral(token, load<u8>(at));
      at++;
      continue;
    }
    let bestLength = length;
    let bestDistance = distance;
    let start = at;
    let seen = at;
    while (lookahead > 0 && bestLength < enough && seen - start < lookahead && seen + 1 < last) {
      seen++;
      const effort = bestLength < 8 ? depth : bestLength < 32 ? max(depth >> 1, 1) : max(depth >> 2, 1);
      findMatch(seen, min<usize>(end - seen, 258), bestLength, effort, enough);
      // A farther match must gain what its longer distance costs, and one literal for each position skipped.
      const gain = 4 * (<i32>length - <i32>bestLength) + <i32>clz(<u32>distance) - <i32>clz(<u32>bestDistance);
      if (length > 0 && gain > 2 * <i32>(seen - start)) {
        for (; start < seen; start++) token = putLiteral(token, load<u8>(start));
        bestLength = length;
        bestDistance = distance;
        if (token >= full) break;
      }
    }
    token = putMatch(token, bestLength, <u32>bestDistance);
    at = start + bestLength;
    for (seen++; seen < at && seen + 4 <= end; seen++) insert(seen);
  }
  setTokenEnd(token);
  if (at < last) return at;
  putLiterals(at, end);
  return max(at, end);
}
