/**
 * A SHA-256 fingerprint as people paste it (`SHA256:AB:CD…`, with or without colons or spaces, any case) → 64 lower-case
 * hex digits; undefined if it is something else.
 */
export function normalizeFingerprint(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^sha-?256(?: fingerprint)?\s*[:=]\s*/i, '')
    .replace(/[:\s-]/g, '')
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(bare) ? bare : undefined;
}
