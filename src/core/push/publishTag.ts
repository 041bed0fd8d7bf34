import * as l10n from '@vscode/l10n';
import { TeaChestError, toTeaChestError } from '../base/errors.ts';
import { shortDigest, type Digest } from '../oci/digest.ts';
import type { RelayedManifest } from '../relay/relayBackend.ts';
import type { PushResult } from './pushEvents.ts';
import type { AttemptContext, PushRequest } from './pushContext.ts';
import type { BlobOrigin } from './repositoryBlobs.ts';

/** Milliseconds for the last HEAD of the tag, which no cancel ends: time for a request without an answer, and a retry. */
const checkTimeoutMs = 150_000;

/** The result of a push, without its duration. */
export type PushOutcome = Omit<PushResult, 'durationMs'>;

export type CountedBytes = Pick<PushResult, 'uploadedBytes' | 'mountedBytes' | 'skippedBytes'>;

export function countBytes(blobs: Iterable<{ readonly size: number; readonly origin: BlobOrigin }>): CountedBytes {
  const sums = { uploaded: 0, mounted: 0, exists: 0 };
  for (const { size, origin } of blobs) sums[origin] += size;
  return { uploadedBytes: sums.uploaded, mountedBytes: sums.mounted, skippedBytes: sums.exists };
}

/** Sends the manifests, the tag's last, and then compares what the tag is with what was sent, bit for bit. */
export async function publishTag(
  context: Pick<AttemptContext, 'target' | 'request' | 'publishedUnder' | 'runStage' | 'signal' | 'onManifest'>,
  children: readonly RelayedManifest[],
  top: Omit<RelayedManifest, 'reference'>,
): Promise<void> {
  const { target, request, runStage, signal } = context;
  const reference = manifestReference(context, top.digest);
  await runStage('manifest', async () => {
    const manifests = children.map((child) => ({ ...child, reference: child.digest }));
    for (const { reference: name, bytes, mediaType, digest } of [...manifests, { ...top, reference }]) {
      const stored = await target.putManifest(name, bytes, mediaType, { signal });
      if (stored !== undefined && stored !== digest) throw mismatch(request, digest, stored);
    }
  });
  const check = async (): Promise<void> => {
    const options = { signal: AbortSignal.timeout(checkTimeoutMs), expected: top.digest };
    const stored = await target.headManifest(reference, options).catch((error: unknown) => {
      throw unchecked(request, error);
    });
    if (stored?.digest !== top.digest) throw mismatch(request, top.digest, stored?.digest);
  };
  await runStage('check', check, { isPublished: true });
  context.onManifest?.(top.bytes);
}

/** By which reference the registry is given a manifest, and asked for it. */
export function manifestReference(
  { request, publishedUnder }: Pick<AttemptContext, 'request' | 'publishedUnder'>,
  digest: Digest,
): string {
  return publishedUnder === 'tag' ? request.tag : digest;
}

export function referenceOf({ repository, tag }: Pick<PushRequest, 'repository' | 'tag'>): string {
  return `${repository}:${tag}`;
}

/** The registry has accepted the manifest, but the check of the tag failed. */
function unchecked(request: PushRequest, error: unknown): TeaChestError {
  const { code, message, facts } = toTeaChestError(error);
  const reference = referenceOf(request);
  // Nothing cancels this request: it has timed out.
  const isLate = code === 'cancelled';
  const sentence = isLate
    ? l10n.t`${reference} was published, but whether the registry has it as it was sent could not be checked: the registry did not answer in time.`
    : l10n.t`${reference} was published, but whether the registry has it as it was sent could not be checked: ${message}`;
  return new TeaChestError(isLate ? 'registryUnreachable' : code, sentence, {
    cause: error,
    facts: { ...facts, published: reference },
  });
}

function mismatch(request: PushRequest, sent: Digest, stored: Digest | undefined): TeaChestError {
  const reference = referenceOf(request);
  const sentence =
    stored === undefined
      ? l10n.t`We sent the manifest ${shortDigest(sent)} for ${reference}, but the registry has no such tag. Somebody else may have pushed the same tag at the same time.`
      : l10n.t`We sent the manifest ${shortDigest(sent)} for ${reference}, but the registry has another manifest (${shortDigest(stored)}). Somebody else may have pushed the same tag at the same time.`;
  return new TeaChestError('digestMismatch', sentence, {
    facts: stored === undefined ? { reference, sent } : { reference, sent, stored },
  });
}
