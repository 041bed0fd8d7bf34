import { alignToByte, beginOutput, outputEnd } from './bitWriter';
import { writeBlock, writeStored } from './emit';
import { DIST_COUNTS, INPUT, LITLEN_COUNTS, OUTPUT, SCRATCH, TOKENS } from './layout';
import { hasCandidateChained, primeChained, insertChained, searchChained } from './searchChained';
import { hasCandidateFast, primeFast, insertFast, searchFast } from './searchFast';
import { setTokenEnd } from './tokens';

/** Where the caller writes history and input, and reads the output. */
export const inputOffset: usize = INPUT;
export const outputOffset: usize = OUTPUT;

/** Per level, u16 each: candidates to look at, a length that is good enough, positions to look ahead. */
const efforts = memory.data<u16>([
  0, 0, 0, /* 1: fast */ 0, 0, 0, 4, 16, 0, 8, 32, 0, 8, 32, 1, 12, 64, 1, 24, 96, 1, 48, 128, 2, 128, 192, 2, 1024,
  258, 2,
]);

/** Unit in which incompressible bytes are detected. */
const PAGE: usize = 4096;

/**
 * Compresses the `length` bytes that follow `history` bytes at `inputOffset` into a part of a DEFLATE stream at
 * `outputOffset`; returns its size. Parts end at a byte boundary, so they can be joined; `isLast` ends the stream. The
 * output depends only on the arguments and those bytes.
 */
export function compress(history: usize, length: usize, isLast: bool, level: u32): usize {
  const start = INPUT + history;
  const end = start + length;
  beginOutput(OUTPUT);
  if (level == 1) primeFast(INPUT, start);
  else primeChained(INPUT, start);
  let at = start;
  while (at < end) {
    const skipped = skipIncompressible(at, end, level);
    if (skipped > at) {
      writeStored(at, skipped, isLast && skipped == end);
      at = skipped;
      continue;
    }
    const next = search(at, end, level);
    writeBlock(at, next, isLast && next == end);
    at = next;
  }
  // An empty stored block brings the bits to a whole byte ("sync flush").
  if (!isLast || length == 0) writeStored(end, end, isLast);
  else alignToByte();
  return outputEnd() - OUTPUT;
}

function search(at: usize, end: usize, level: u32): usize {
  setTokenEnd(TOKENS);
  memory.fill(LITLEN_COUNTS, 0, 513 * 4);
  memory.fill(DIST_COUNTS, 0, 30 * 4);
  if (level == 1) return searchFast(at, end);
  const effort = efforts + level * 6;
  return searchChained(at, end, load<u16>(effort), load<u16>(effort, 2), load<u16>(effort, 4));
}

/** The end of the whole pages, from `at` on, whose bytes look random and are no repetition: compressed or encrypted. */
function skipIncompressible(at: usize, end: usize, level: u32): usize {
  while (at + PAGE <= end && isFlat(at) && !isRepetition(at, level)) {
    // Every 16th position, so that a repetition of these bytes finds one of them: see isRepetition.
    if (level == 1) insertFast(at, at + PAGE, 16);
    else insertChained(at, at + PAGE, 16);
    at += PAGE;
  }
  return at;
}

function isRepetition(at: usize, level: u32): bool {
  return level == 1 ? hasCandidateFast(at, at + 32) : hasCandidateChained(at, at + 32);
}

/**
 * Whether a sample of 585 bytes looks random: the sum of the squared counts is then 585 + 585²/256 ≈ 1,922 with a
 * deviation of some 52. Base64 has 5,900, text and code have more. The odd stride reads every offset of a record.
 */
function isFlat(at: usize): bool {
  memory.fill(SCRATCH, 0, 512);
  for (let i: usize = 0; i < 585; i++) {
    const slot = SCRATCH + ((<usize>load<u8>(at + i * 7)) << 1);
    store<u16>(slot, load<u16>(slot) + 1);
  }
  let squares: u32 = 0;
  for (let slot: usize = SCRATCH; slot < SCRATCH + 512; slot += 2) {
    const times: u32 = load<u16>(slot);
    squares += times * times;
  }
  return squares < 2150;
}
