import { NODES, SCRATCH, SORTED } from './layout';

/**
 * Builds a prefix code of at most `maxLength` bits for the `n` symbols whose frequencies (u32) are at `freq`: u8
 * lengths to `lens`, bit-reversed u16 codes to `codes`. At least two symbols get a code, as some decoders want.
 */
export function buildCode(freq: usize, n: u32, maxLength: u32, lens: usize, codes: usize): void {
  memory.fill(lens, 0, n);
  let used: u32 = 0;
  for (let s: u32 = 0; s < n; s++) if (load<u32>(freq + (s << 2)) != 0) used++;
  for (let s: u32 = 0; used < 2; s++) {
    if (load<u32>(freq + (s << 2)) == 0) {
      store<u32>(freq + (s << 2), 1);
      used++;
    }
  }
  sortByFrequency(freq, n);
  countLengths(used, maxLength);
  // The rarest symbols get the longest codes.
  let at: usize = SORTED;
  for (let length = maxLength; length > 0; length--) {
    for (let c = load<u32>(SCRATCH + (length << 2)); c > 0; c--) {
      store<u8>(lens + (load<u32>(at) & 511), length);
      at += 4;
    }
  }
  assignCodes(n, maxLength, lens, codes);
}

/** Used symbols to SORTED as frequency << 9 | symbol, rarest first: two passes of an 8-bit radix sort. */
function sortByFrequency(freq: usize, n: u32): void {
  const low = SCRATCH;
  const high = SCRATCH + 1024;
  memory.fill(SCRATCH, 0, 2048);
  for (let s: u32 = 0; s < n; s++) {
    const f = min(load<u32>(freq + (s << 2)), 0xffff);
    if (f == 0) continue;
    const l = low + ((f & 255) << 2);
    const h = high + ((f >> 8) << 2);
    store<u32>(l, load<u32>(l) + 4);
    store<u32>(h, load<u32>(h) + 4);
  }
  let lowSum: u32 = 0;
  let highSum: u32 = 0;
  for (let i: usize = 0; i < 1024; i += 4) {
    const l = load<u32>(low + i);
    const h = load<u32>(high + i);
    store<u32>(low + i, lowSum);
    store<u32>(high + i, highSum);
    lowSum += l;
    highSum += h;
  }
  for (let s: u32 = 0; s < n; s++) {
    const f = min(load<u32>(freq + (s << 2)), 0xffff);
    if (f == 0) continue;
    const slot = low + ((f & 255) << 2);
    const offset = load<u32>(slot);
    store<u32>(slot, offset + 4);
    store<u32>(NODES + offset, (f << 9) | s);
  }
  for (let i: usize = 0; i < lowSum; i += 4) {
    const item = load<u32>(NODES + i);
    const slot = high + ((item >> 17) << 2);
    const offset = load<u32>(slot);
    store<u32>(slot, offset + 4);
    store<u32>(SORTED + offset, item);
  }
}

/**
 * How many codes of each length an optimal code has, as u32 at SCRATCH. The tree is built in place over the sorted
 * frequencies (Moffat and Katajainen, 1995); a node deeper than allowed moves below the deepest node that has room.
 */
function countLengths(used: u32, maxLength: u32): void {
  for (let i: u32 = 0; i < used; i++) store<u32>(NODES + (i << 2), load<u32>(SORTED + (i << 2)) >> 9);
  const last = (used - 1) << 2;
  let leaf: u32 = 0;
  let root: u32 = 0;
  for (let next: u32 = 0; next < last; next += 4) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      if (leaf > last || (root < next && load<u32>(NODES + root) < load<u32>(NODES + leaf))) {
        weight += load<u32>(NODES + root);
        store<u32>(NODES + root, next);
        root += 4;
      } else {
        weight += load<u32>(NODES + leaf);
        leaf += 4;
      }
    }
    store<u32>(NODES + next, weight);
  }
  memory.fill(SCRATCH, 0, 64);
  store<u32>(SCRATCH, 2, 4);
  store<u32>(NODES + last - 4, 0);
  for (let node: i32 = last - 8; node >= 0; node -= 4) {
    let depth = load<u32>(NODES + load<u32>(NODES + node)) + 1;
    store<u32>(NODES + node, depth);
    if (depth >= maxLength) {
      depth = maxLength - 1;
      while (load<u32>(SCRATCH + (depth << 2)) == 0) depth--;
    }
    const slot = SCRATCH + (depth << 2);
    store<u32>(slot, load<u32>(slot) - 1);
    store<u32>(slot, load<u32>(slot, 4) + 2, 4);
  }
}

/** Canonical codes (RFC 1951 §3.2.2), reversed, since DEFLATE writes codes from their top bit. */
function assignCodes(n: u32, maxLength: u32, lens: usize, codes: usize): void {
  let code: u32 = 0;
  for (let length: u32 = 1; length <= maxLength; length++) {
    const slot = SCRATCH + (length << 2);
    const c = load<u32>(slot);
    store<u32>(slot, code);
    code = (code + c) << 1;
  }
  for (let s: u32 = 0; s < n; s++) {
    const length: u32 = load<u8>(lens + s);
    if (length == 0) continue;
    const slot = SCRATCH + (length << 2);
    const c = load<u32>(slot);
    store<u32>(slot, c + 1);
    store<u16>(codes + (s << 1), reverse16(c) >> (16 - length));
  }
}

function reverse16(x: u32): u32 {
  x = ((x >> 1) & 0x5555) | ((x & 0x5555) << 1);
  x = ((x >> 2) & 0x3333) | ((x & 0x3333) << 2);
  x = ((x >> 4) & 0x0f0f) | ((x & 0x0f0f) << 4);
  return ((x >> 8) & 0x00ff) | ((x & 0x00ff) << 8);
}
