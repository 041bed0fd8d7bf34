/**
 * The memory map of the module. Plain addresses instead of objects: a constant address becomes part of the load
 * instruction, and nothing is allocated.
 */

/** How far back DEFLATE can refer (RFC 1951 §2). */
export const WINDOW: usize = 32768;
/** The largest input of one call, without the history before it. */
export const MAX_BLOCK: usize = 1 << 20;
/** Most tokens in one DEFLATE block: enough to pay for its Huffman codes, few enough to adapt to the data. */
export const MAX_TOKENS: usize = 16384;

/** History, then the bytes to compress. Far enough from 0 for an empty (zero) table entry to be outside the window. */
export const INPUT: usize = 0x10000;
export const OUTPUT: usize = 0x120000;
/** Newest position per hash of four bytes: u32, 16 Ki entries for the fast search, 64 Ki for the chained one. */
export const HEADS: usize = 0x240000;
/** Newest position per hash of three bytes: u32, 32 Ki entries; chained search only. */
export const HEADS3: usize = 0x280000;
/** Per position modulo WINDOW: the one before it with the same hash; u32. Chained search only. */
export const CHAIN: usize = 0x2a0000;
/** u32 each; see tokens.ts. */
export const TOKENS: usize = 0x2c0000;

/** u32 counters by literal/length index, as tokens hold it (see tokens.ts), and by distance symbol. */
export const LITLEN_COUNTS: usize = 0x2f0000;
export const DIST_COUNTS: usize = 0x2f0900;
/** u32 frequencies by the 286 literal/length symbols and the 19 of the code length code. */
export const LITLEN_FREQ: usize = 0x2f0a00;
export const PRECODE_FREQ: usize = 0x2f0f00;
/** u8 code lengths; the distances' follow the literals' when the header is written. */
export const LITLEN_LENS: usize = 0x2f1000;
export const DIST_LENS: usize = 0x2f1200;
export const PRECODE_LENS: usize = 0x2f1300;
/** u16 codes, bit-reversed. */
export const LITLEN_CODES: usize = 0x2f1400;
export const DIST_CODES: usize = 0x2f1800;
export const PRECODE_CODES: usize = 0x2f1900;
/** The code lengths in run-length form: u16 items, symbol | extra bits << 8. */
export const RUNS: usize = 0x2f1a00;
/** Scratch of the Huffman builder. */
export const SORTED: usize = 0x2f2000;
export const SCRATCH: usize = 0x2f2800;
export const NODES: usize = 0x2f3000;
/** Ready bits by token index; see emit.ts. */
export const LITLEN_BITS: usize = 0x2f4000;
export const DIST_BITS: usize = 0x2f5000;
