/** Bytes that are the same on every run and machine: a small generator of our own (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but not including, `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }
}

/** Every byte as likely as any other: nothing to compress. */
export function randomBytes(size: number, seed = 1): Uint8Array {
  const dice = new Dice(seed);
  return Uint8Array.from({ length: size }, () => dice.roll(256));
}

/** Words of a small vocabulary, some far more frequent than others, as in logs and code. */
export function wordyBytes(size: number, seed = 1): Uint8Array {
  const dice = new Dice(seed);
  const words = Array.from({ length: 800 }, () =>
    Array.from({ length: 2 + dice.roll(9) }, () => String.fromCharCode(97 + dice.roll(26))).join(''),
  );
  let text = '';
  while (text.length < size) text += `${words[dice.roll(dice.roll(800) + 1)] ?? ''}${dice.roll(9) === 0 ? '\n' : ' '}`;
  return Buffer.from(text.slice(0, size), 'latin1');
}

/** Random stretches, repetitions of what came before at any distance and length, runs of one byte, and text. */
export function mixedBytes(size: number, seed: number): Uint8Array {
  const dice = new Dice(seed);
  const bytes = new Uint8Array(size);
  const text = wordyBytes(20_000, seed);
  for (let at = 0; at < size;) {
    const length = Math.min(size - at, 1 + dice.roll(2 ** (1 + dice.roll(14))));
    const kind = dice.roll(5);
    if (kind === 0) for (let i = 0; i < length; i++) bytes[at + i] = dice.roll(256);
    else if (kind === 1) bytes.fill(dice.roll(4) * 60, at, at + length);
    else if (kind === 2) bytes.set(text.subarray(dice.roll(19_000)).subarray(0, length), at);
    else {
      const distance = Math.min(at, 1 + dice.roll(2 ** (1 + dice.roll(16))));
      for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - distance] ?? 0;
    }
    at += length;
  }
  return bytes;
}

/** The bytes in pieces: of `size` each, or of sizes that the dice give. */
export async function* inChunks(bytes: Uint8Array, size: number | Dice): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength;) {
    await Promise.resolve();
    const length = typeof size === 'number' ? size : size.roll(300_000);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
