/** Sentences that follow each other. Those that are undefined or empty are left out. */
export function joinSentences(...sentences: readonly (string | undefined)[]): string {
  const joined = sentences.filter((sentence) => sentence !== undefined && sentence !== '').join(' ');
  // Chinese and Japanese have no blank after a full stop.
  return joined.replaceAll('。 ', '。');
}
