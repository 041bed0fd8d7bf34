import * as l10n from '@vscode/l10n';
import { throwIfCancelled } from '../base/cancel.ts';
import { TeaChestError } from '../base/errors.ts';
import { DigestCounter } from '../oci/digest.ts';
import type { Descriptor } from '../oci/manifest.ts';
import type { ImageRepository } from '../ports/imageRepository.ts';

/** Failures in a row, without a mebibyte between them, after which a blob is given up. */
const attempts = 5;
const progressBytes = 1024 * 1024;
const longestWaitMs = 8_000;

export interface VerifiedBlobOptions {
  readonly signal: AbortSignal;
  /** Bytes before this position are read and hashed, but not given. */
  readonly from?: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * The bytes of a blob. The last of them come only if all that were given hash to the digest; otherwise this throws
 * `digestMismatch`. If the connection breaks, the blob is read again from its beginning, since Gitea has no ranges, and
 * what was given already is left out.
 */
export async function* readVerifiedBlob(
  repository: Pick<ImageRepository, 'readBlob' | 'repository'>,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  { signal, from = 0, sleep }: VerifiedBlobOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const hash = new DigestCounter();
  let held = new Uint8Array();
  let failures = 0;
  for (let isComplete = false; !isComplete;) {
    const before = hash.bytes;
    try {
      for await (const piece of piecesAfter(repository.readBlob(blob.digest, { signal }), before)) {
        hash.update(piece);
        if (hash.bytes > blob.size) throw mismatch(repository, blob, l10n.t`it has more than ${blob.size} bytes`);
        // The piece before is not the last one.
        if (held.byteLength > 0) yield held;
        held = piece.subarray(Math.max(0, from - (hash.bytes - piece.byteLength)));
      }
      if (hash.bytes < blob.size) throw cutOff(repository, blob, hash.bytes);
      isComplete = true;
    } catch (error) {
      throwIfCancelled(signal);
      failures = hash.bytes - before >= progressBytes ? 1 : failures + 1;
      if (!isTransient(error) || failures >= attempts) throw error;
      await sleep(Math.min(longestWaitMs, 500 * 2 ** failures), signal);
    }
  }
  const actual = hash.digest();
  if (actual !== blob.digest) throw mismatch(repository, blob, l10n.t`its bytes hash to ${actual}`);
  if (held.byteLength > 0) yield held;
}

/** Reads a small blob whole. */
export async function readWholeBlob(
  repository: Pick<ImageRepository, 'readBlob' | 'repository'>,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  options: Omit<VerifiedBlobOptions, 'from'>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readVerifiedBlob(repository, blob, options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Without the first `skipped` bytes. */
async function* piecesAfter(
  pieces: AsyncIterable<Uint8Array>,
  skipped: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let position = 0;
  for await (const piece of pieces) {
    const rest = piece.subarray(Math.max(0, skipped - position));
    position += piece.byteLength;
    if (rest.byteLength > 0) yield rest as Uint8Array<ArrayBuffer>;
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof TeaChestError && (error.code === 'registryUnreachable' || error.code === 'registryFailed');
}

function cutOff(
  { repository }: Pick<ImageRepository, 'repository'>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  bytes: number,
): TeaChestError {
  const sentence = l10n.t`The registry gave only ${bytes} of the ${size} bytes of ${digest} in ${repository}.`;
  return new TeaChestError('registryUnreachable', sentence, { facts: { digest } });
}

function mismatch(
  { repository }: Pick<ImageRepository, 'repository'>,
  { digest }: Pick<Descriptor, 'digest'>,
  why: string,
): TeaChestError {
  const sentence = l10n.t`The registry gave other bytes for the blob ${digest} of ${repository}: ${why}.`;
  return new TeaChestError('digestMismatch', sentence, { facts: { digest } });
}
