/** CRC-32's polynomial, lowest power in the top bit, like the checksum itself (RFC 1952 §8). */
const polynomial = 0xedb88320;
const one = 0x80000000;

/** The CRC-32 of two joined pieces, from the CRC-32 of each and the second's length in bytes. */
export function crc32Combine(first: number, second: number, secondLength: number): number {
  return (multiply(first, powerOfX(secondLength * 8)) ^ second) >>> 0;
}

/** x to the `exponent`, modulo the polynomial, by squaring. */
function powerOfX(exponent: number): number {
  let result = one;
  let square = one >>> 1;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = one, shifted = b; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}
