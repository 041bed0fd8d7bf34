/** How many cases a property test tries: few beside other tests, and as many as TEA_CHEST_FUZZ_CASES says in `npm run fuzz`. */
export function fuzzCases(usual = 100): number {
  const given = Number(process.env['TEA_CHEST_FUZZ_CASES']);
  return Number.isSafeInteger(given) && given > 0 ? given : usual;
}
