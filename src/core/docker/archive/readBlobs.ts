import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../base/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ArchiveBlob } from '../../ports/imageSource.ts';
import { tarEntries } from './tarEntries.ts';

/** OCI image-spec, image-layout.md §Blobs. */
const blobPath = /^blobs\/([^/]+)\/([^/]+)$/;

/**
 * Reads the archive that containerd's store exports of an image, an OCI layout whose blobs are as they are stored. The
 * rest of the layout only repeats what `inspect` said. Errors and `onConsumed` are as in `readArchive`.
 */
export async function* readBlobs(
  bytes: AsyncIterable<Uint8Array>,
  onConsumed?: (position: number) => void,
): AsyncGenerator<ArchiveBlob, void, void> {
  for await (const { path, type, size, body } of tarEntries(bytes, onConsumed)) {
    const [, algorithm, encoded] = blobPath.exec(path) ?? [];
    if (type !== 'file' || algorithm === undefined || encoded === undefined) continue;
    const digest = `${algorithm}:${encoded}`;
    if (!isDigest(digest)) throw otherDigest(digest);
    yield { digest, size, body };
  }
}

function otherDigest(digest: string): TeaChestError {
  const sentence = l10n.t`The image has a blob with the digest ${digest}. Only images whose digests are all sha256 can be pushed: Gitea stores no others.`;
  return new TeaChestError('imageUnsupported', sentence, { stage: 'export', facts: { digest } });
}
