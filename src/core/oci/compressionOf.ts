/** Bytes that `compressionOf` needs. */
export const magicLength = 4;

const magics = [
  ['gzip', [0x1f, 0x8b]], // RFC 1952 §2.3.1
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]], // RFC 8878 §3.1.1
] as const;

/** The compression of a layer by its first bytes; undefined for a tar, which begins with a file name or with zeros. */
export function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | undefined {
  return magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0];
}
