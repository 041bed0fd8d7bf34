/** How many cases a property test tries: few beside other unit tests, as many as TEA_CHEST_FUZZ_CASES says alone. */
export function fuzzCases(usual = 200): number {
  const given = Number(process.env['TEA_CHEST_FUZZ_CASES']);
  return Number.isSafeInteger(given) && given > 0 ? given : usual;
}
