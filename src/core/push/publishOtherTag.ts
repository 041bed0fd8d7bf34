import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { digestOf } from '../oci/digest.ts';
import type { AttemptContext } from './pushContext.ts';
import type { PushResult } from './pushEvents.ts';
import { publishTag, referenceOf, type PushOutcome } from './publishTag.ts';

/**
 * Gives the manifest that was just published one more tag of the same repository, so nothing of the image is transferred
 * again. `known`: its bytes; where they are not known, they are read from the registry. They must have the digest that was
 * checked there.
 */
export async function publishOtherTag(
  context: Pick<AttemptContext, 'target' | 'request' | 'runStage' | 'signal'>,
  published: PushResult,
  known: Uint8Array | undefined,
): Promise<PushOutcome> {
  const { target, request, runStage, signal } = context;
  const { digest, mediaType, notices, engineDigest } = published;
  const tagged = await runStage('plan', () => target.headManifest(request.tag, { signal, expected: digest }));
  const isUnchanged = tagged?.digest === digest;
  if (!isUnchanged) {
    const bytes = known ?? (await runStage('manifest', () => target.getManifest(digest, { signal })));
    if (bytes === undefined || digestOf(bytes) !== digest) {
      const reference = referenceOf(request);
      const sentence =
        bytes === undefined
          ? l10n.t`The manifest ${digest} was published as ${published.reference}, but the registry no longer has it, so ${reference} was not published.`
          : l10n.t`The manifest ${digest} was published as ${published.reference}, but the registry gives other bytes for it, so ${reference} was not published.`;
      throw new TeaChestError('digestMismatch', sentence, { stage: 'manifest', facts: { reference, sent: digest } });
    }
    await publishTag({ ...context, publishedUnder: 'tag' }, [], { mediaType, bytes: Buffer.from(bytes), digest });
  }
  const skippedBytes = published.uploadedBytes + published.mountedBytes + published.skippedBytes;
  return {
    ...{ reference: referenceOf(request), digest, mediaType, uploadedBytes: 0, mountedBytes: 0, skippedBytes },
    ...{ strategy: 'none', notices },
    ...(isUnchanged && { isUnchanged }),
    ...(engineDigest !== undefined && { engineDigest }),
  };
}
