import assert from 'node:assert/strict';
import fc from 'fast-check';
import { unicodeString } from '../tools/unicodeString.ts';
import { TeaChestError } from '../../src/core/base/errors.ts';
import { fuzzCases } from '../tools/fuzzCases.ts';

/** Without `npm run fuzz`: few cases, the same each time. */
const usualCases = 40;
const usualSeed = 20261126;

/** The number of cases of each property, and the seed. `npm run fuzz` sets both. */
export function cases(): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: fuzzCases(usualCases), seed: Number(process.env['TEA_CHEST_FUZZ_SEED'] ?? usualSeed) };
}

/** Runs a property with the wanted number of cases; milliseconds after which one case counts as hung. */
export async function holds<T>(
  input: fc.Arbitrary<T>,
  property: (value: T) => Promise<void> | void,
  hang = 20_000,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(input, async (value) => {
      await property(value);
    }),
    { ...cases(), timeout: hang },
  );
}

/** The result or a TeaChestError; anything else fails. */
export async function resultOrError<T>(work: () => Promise<T> | T): Promise<T | TeaChestError> {
  try {
    return await work();
  } catch (error) {
    assert(
      error instanceof TeaChestError,
      `not a clear error: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    );
    assert.notEqual(error.code, 'internal', error.message);
    assert(error.message.length > 20, error.message);
    return error;
  }
}

/** Bytes in pieces, cut at the given positions. */
export async function* cut(bytes: Buffer, positions: readonly number[]): AsyncGenerator<Buffer, void, void> {
  let at = 0;
  for (const position of [...positions].map((one) => one % (bytes.byteLength + 1)).sort((a, b) => a - b)) {
    if (position > at) yield bytes.subarray(at, position);
    at = Math.max(at, position);
  }
  if (at < bytes.byteLength) yield bytes.subarray(at);
}

export const cutPositions = fc.array(fc.nat(100_000), { maxLength: 12 });

/** JSON, near-JSON and no JSON at all, as bytes. */
export const someText: fc.Arbitrary<string> = fc.oneof(
  fc.json(),
  unicodeString(),
  fc.json().map((text) => text.slice(0, -1)),
  fc.json().map((text) => `\uFEFF${text}`),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{}',
    '""',
    '0',
    'true',
    '[null]',
    '{"errors":null}',
    '{"errors":[null,5,{}]}',
    '<html><title>x</title>',
  ),
  fc.nat(3000).map((depth) => '['.repeat(depth)),
  fc.nat(3000).map((depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
);
