import fc from 'fast-check';

/** U+D800 to U+DFFF are halves of characters. */
const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any characters of Unicode. fast-check's own `unit: 'binary'` gives the same, and builds a table of a million entries
 * for it, which takes each process a second.
 */
export function unicodeString(maxLength?: number): fc.Arbitrary<string> {
  const unit = fc
    .nat(0x10ffff - surrogates.count)
    .map((at) => String.fromCodePoint(at < surrogates.first ? at : at + surrogates.count));
  return fc.string({ unit, ...(maxLength === undefined ? {} : { maxLength }) });
}
