/** 64 hex digits → lines that an eye can compare: four of eight bytes, `AB:CD:…`. */
export function groupFingerprint(fingerprint256: string): readonly string[] {
  const bytes = fingerprint256.toUpperCase().match(/../g) ?? [];
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += 8) lines.push(bytes.slice(start, start + 8).join(':'));
  return lines;
}
