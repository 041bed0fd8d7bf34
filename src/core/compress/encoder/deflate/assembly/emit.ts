import { alignToByte, bitBuffer, bitCount, outputEnd, resume, writeBits, writeBytes } from './bitWriter';
import { buildCode } from './huffman';
import {
  DIST_BITS,
  DIST_CODES,
  DIST_COUNTS,
  DIST_LENS,
  LITLEN_BITS,
  LITLEN_CODES,
  LITLEN_COUNTS,
  LITLEN_FREQ,
  LITLEN_LENS,
  PRECODE_CODES,
  PRECODE_FREQ,
  PRECODE_LENS,
  RUNS,
  TOKENS,
} from './layout';
import { END_OF_BLOCK, LENGTH_BASE, NOTHING, SECOND, tokenEnd } from './tokens';

/** Length symbol minus 257, and extra bits, by length minus 3 (RFC 1951 §3.2.5); filled at start. */
const lengthSymbols = memory.data(256);
const lengthExtraBits = memory.data(29);
/** The order in which code length code lengths are stored (RFC 1951 §3.2.7). */
const precodeOrder = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

for (let length: u32 = 3; length < 258; length++) {
  const x = length - 3;
  const extra: u32 = x < 8 ? 0 : 29 - clz(x);
  const symbol = 4 * extra + (x >> extra);
  store<u8>(lengthSymbols + x, symbol);
  store<u8>(lengthExtraBits + symbol, extra);
}
store<u8>(lengthSymbols + 255, 28);
store<u8>(lengthExtraBits + 28, 0);

/** Writes the tokens found for input [from, to) as one DEFLATE block: dynamic, fixed or stored, whichever is smallest. */
export function writeBlock(from: usize, to: usize, isLast: bool): void {
  store<u32>(LITLEN_COUNTS + (END_OF_BLOCK << 2), 1);
  const extraBits = gatherFrequencies();
  const fixedBits = extraBits + fixedCost();
  buildCode(LITLEN_FREQ, 286, 15, LITLEN_LENS, LITLEN_CODES);
  buildCode(DIST_COUNTS, 30, 15, DIST_LENS, DIST_CODES);
  const runEnd = planHeader();
  const dynamicBits = extraBits + headerCost(runEnd) + codedCost();
  const storedBits = <u32>(to - from) * 8 + 40 * <u32>((to - from) / 65535 + 1);
  if (storedBits <= min(dynamicBits, fixedBits)) {
    writeStored(from, to, isLast);
    return;
  }
  if (fixedBits <= dynamicBits) {
    writeBits((isLast ? 1 : 0) | (1 << 1), 3);
    setFixedCodes();
  } else {
    writeBits((isLast ? 1 : 0) | (2 << 1), 3);
    writeHeader(runEnd);
  }
  fillLitlenBits();
  fillDistBits();
  writeTokens();
}

/** Stored blocks hold 65,535 bytes at most, so it may take several. */
export function writeStored(from: usize, to: usize, isLast: bool): void {
  do {
    const length: u32 = <u32>min(to - from, 65535);
    const ends = isLast && from + length == to;
    writeBits(ends ? 1 : 0, 3);
    alignToByte();
    writeBits(length | ((length ^ 0xffff) << 16), 32);
    writeBytes(from, length);
    from += length;
  } while (from < to);
}

/** Counts by length → frequencies of length symbols. Returns the number of extra bits of all tokens. */
function gatherFrequencies(): u32 {
  memory.copy(LITLEN_FREQ, LITLEN_COUNTS, 257 * 4);
  memory.fill(LITLEN_FREQ + 257 * 4, 0, 29 * 4);
  let bits: u32 = 0;
  for (let x: u32 = 0; x < 256; x++) {
    const c = load<u32>(LITLEN_COUNTS + (257 << 2) + (x << 2));
    const symbol: u32 = load<u8>(lengthSymbols + x);
    const slot = LITLEN_FREQ + ((257 + symbol) << 2);
    store<u32>(slot, load<u32>(slot) + c);
    bits += c * load<u8>(lengthExtraBits + symbol);
  }
  for (let s: u32 = 4; s < 30; s++) bits += load<u32>(DIST_COUNTS + (s << 2)) * ((s >> 1) - 1);
  return bits;
}

function fixedLength(symbol: u32): u32 {
  return symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
}

function fixedCost(): u32 {
  let bits: u32 = 3;
  for (let s: u32 = 0; s < 286; s++) bits += load<u32>(LITLEN_FREQ + (s << 2)) * fixedLength(s);
  for (let s: u32 = 0; s < 30; s++) bits += load<u32>(DIST_COUNTS + (s << 2)) * 5;
  return bits;
}

function codedCost(): u32 {
  let bits: u32 = 3;
  for (let s: u32 = 0; s < 286; s++) bits += load<u32>(LITLEN_FREQ + (s << 2)) * load<u8>(LITLEN_LENS + s);
  for (let s: u32 = 0; s < 30; s++) bits += load<u32>(DIST_COUNTS + (s << 2)) * load<u8>(DIST_LENS + s);
  return bits;
}

/** Fixed codes (RFC 1951 §3.2.6), in place of those built. */
function setFixedCodes(): void {
  for (let s: u32 = 0; s < 286; s++) {
    const length = fixedLength(s);
    const code: u32 = s < 144 ? 0x30 + s : s < 256 ? 0x190 + s - 144 : s < 280 ? s - 256 : 0xc0 + s - 280;
    store<u8>(LITLEN_LENS + s, length);
    store<u16>(LITLEN_CODES + (s << 1), reverse(code, length));
  }
  for (let s: u32 = 0; s < 30; s++) {
    store<u8>(DIST_LENS + s, 5);
    store<u16>(DIST_CODES + (s << 1), reverse(s, 5));
  }
}

function reverse(code: u32, length: u32): u32 {
  let reversed: u32 = 0;
  for (; length > 0; length--, code >>= 1) reversed = (reversed << 1) | (code & 1);
  return reversed;
}

let litlenUsed: u32 = 0;
let distUsed: u32 = 0;
let precodeUsed: u32 = 0;

/** Code lengths → run-length items at RUNS and a code for them. Returns the end of the items. */
function planHeader(): usize {
  litlenUsed = 286;
  while (load<u8>(LITLEN_LENS + litlenUsed - 1) == 0) litlenUsed--;
  distUsed = 30;
  while (load<u8>(DIST_LENS + distUsed - 1) == 0) distUsed--;
  const all = LITLEN_LENS + litlenUsed;
  memory.copy(all, DIST_LENS, distUsed);
  const end = all + distUsed;
  memory.fill(PRECODE_FREQ, 0, 19 * 4);
  let run: usize = RUNS;
  for (let at: usize = LITLEN_LENS; at < end;) {
    const length: u32 = load<u8>(at);
    let next = at + 1;
    while (next < end && load<u8>(next) == length) next++;
    let times = <u32>(next - at);
    at = next;
    if (length == 0) {
      for (; times >= 11; times -= min(times, 138)) run = putRun(run, 18, min(times, 138) - 11);
      if (times >= 3) {
        run = putRun(run, 17, times - 3);
        times = 0;
      }
    } else {
      run = putRun(run, length, 0);
      for (times--; times >= 3; times -= min(times, 6)) run = putRun(run, 16, min(times, 6) - 3);
    }
    for (; times > 0; times--) run = putRun(run, length, 0);
  }
  buildCode(PRECODE_FREQ, 19, 7, PRECODE_LENS, PRECODE_CODES);
  precodeUsed = 19;
  while (precodeUsed > 4 && load<u8>(PRECODE_LENS + load<u8>(precodeOrder + precodeUsed - 1)) == 0) precodeUsed--;
  return run;
}

function putRun(at: usize, symbol: u32, extra: u32): usize {
  store<u16>(at, symbol | (extra << 8));
  const slot = PRECODE_FREQ + (symbol << 2);
  store<u32>(slot, load<u32>(slot) + 1);
  return at + 2;
}

function runExtraBits(symbol: u32): u32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
}

function headerCost(runEnd: usize): u32 {
  let bits: u32 = 14 + 3 * precodeUsed;
  for (let at: usize = RUNS; at < runEnd; at += 2) {
    const symbol: u32 = load<u8>(at);
    bits += load<u8>(PRECODE_LENS + symbol) + runExtraBits(symbol);
  }
  return bits;
}

function writeHeader(runEnd: usize): void {
  writeBits((litlenUsed - 257) | ((distUsed - 1) << 5) | ((precodeUsed - 4) << 10), 14);
  for (let i: u32 = 0; i < precodeUsed; i++) writeBits(load<u8>(PRECODE_LENS + load<u8>(precodeOrder + i)), 3);
  for (let at: usize = RUNS; at < runEnd; at += 2) {
    const symbol: u32 = load<u8>(at);
    const length: u32 = load<u8>(PRECODE_LENS + symbol);
    const code: u32 = load<u16>(PRECODE_CODES + (symbol << 1));
    writeBits(code | ((<u32>load<u8>(at, 1)) << length), length + runExtraBits(symbol));
  }
}

/** By literal/length index: code and extra bits together, at most 20, and their number in the top byte. */
function fillLitlenBits(): void {
  for (let s: u32 = 0; s < 257; s++) {
    store<u32>(LITLEN_BITS + (s << 2), load<u16>(LITLEN_CODES + (s << 1)) | ((<u32>load<u8>(LITLEN_LENS + s)) << 24));
  }
  let symbolBefore: u32 = 0;
  let extra: u32 = 0;
  for (let x: u32 = 0; x < 256; x++) {
    const symbol: u32 = load<u8>(lengthSymbols + x);
    extra = symbol == symbolBefore ? extra + 1 : 0;
    if (x == 0) extra = 0;
    symbolBefore = symbol;
    const length: u32 = load<u8>(LITLEN_LENS + 257 + symbol);
    const bits = load<u16>(LITLEN_CODES + ((257 + symbol) << 1)) | (extra << length);
    const n = length + load<u8>(lengthExtraBits + symbol);
    store<u32>(LITLEN_BITS + ((LENGTH_BASE + 3 + x) << 2), bits | (n << 24));
  }
}

/** By second index: code, its length from bit 16, its length with extra bits from bit 24. */
function fillDistBits(): void {
  for (let s: u32 = 0; s < 30; s++) {
    const length: u32 = load<u8>(DIST_LENS + s);
    const extraBits: u32 = s < 4 ? 0 : (s >> 1) - 1;
    store<u32>(DIST_BITS + (s << 2), load<u16>(DIST_CODES + (s << 1)) | (length << 16) | ((length + extraBits) << 24));
  }
  store<u32>(DIST_BITS + (NOTHING << 2), 0);
  for (let s: u32 = 0; s < 256; s++) {
    const length: u32 = load<u8>(LITLEN_LENS + s);
    store<u32>(DIST_BITS + ((s + SECOND) << 2), load<u16>(LITLEN_CODES + (s << 1)) | (length << 16) | (length << 24));
  }
}

/** At most 20 + 28 bits a token and 7 pending ones: one 64-bit store writes them all. */
function writeTokens(): void {
  let buffer = bitBuffer();
  let count = bitCount();
  let out = outputEnd();
  const end = tokenEnd;
  store<u32>(end, END_OF_BLOCK | (NOTHING << 10));
  for (let at: usize = TOKENS; at <= end; at += 4) {
    const token = load<u32>(at);
    const first = load<u32>((token & 0x3ff) << 2, LITLEN_BITS);
    const second = load<u32>(((token >> 10) & 0x1ff) << 2, DIST_BITS);
    const firstCount = first >> 24;
    const tail = (second & 0xffff) | ((token >> 19) << (second >> 16));
    buffer |= ((<u64>(first & 0xffffff)) | ((<u64>tail) << firstCount)) << count;
    count += firstCount + (second >> 24);
    store<u64>(out, buffer);
    out += count >> 3;
    buffer >>= count & ~7;
    count &= 7;
  }
  resume(buffer, count, out);
}
