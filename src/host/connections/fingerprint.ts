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

/** 64 hex digits → groups that an eye can compare: four lines of eight bytes, `AB:CD:…`. */
export function groupFingerprint(fingerprint256: string): string {
  const bytes = fingerprint256.toUpperCase().match(/../g) ?? [];
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += 8) lines.push(bytes.slice(start, start + 8).join(':'));
  return lines.join('\n');
}
