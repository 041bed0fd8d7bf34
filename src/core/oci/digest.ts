import { createHash } from 'node:crypto';
import * as v from 'valibot';

/** `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor.md §Digests). Other algorithms are not used here. */
export type Digest = `sha256:${string}`;

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

export const digestSchema = v.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

/** The digest of bytes that are already in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The first 12 hex digits, as engines print them. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Hashes a stream piece by piece and counts its bytes. */
export class DigestCounter {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Closes the hash; call once. */
  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}
