import assert from 'node:assert/strict';

import { copyAllBySkopeo, type CopiedReference, type Credentials } from './verifyPull.ts';

/** What must be found behind a reference. */
export interface Expected {
  /** Of the manifest or index that the tag is. */
  readonly digest: string;
  /** Of the image's layers, or of one platform's, base first. */
  readonly diffIds: readonly string[];
  readonly credentials?: Credentials | undefined;
}

/**
 * Copies what a push has published by skopeo, with all that an index names: each file has the digest and the size by
 * which it is named, and each layer uncompressed the diffID that the config has at that position.
 */
export async function checkPublished(
  reference: string,
  { digest, diffIds, credentials }: Expected,
): Promise<CopiedReference> {
  const copy = await copyAllBySkopeo(reference, credentials);
  assert.equal(copy.digest, digest, `${reference} is another manifest than the push said`);
  const images = copy.images.filter((image) => image.diffIds.every((diffId) => diffId !== undefined));
  for (const image of images) {
    assert.deepEqual(image.diffIds, image.configDiffIds, 'the layers are not those that the config names');
  }
  const found = images.map((image) => JSON.stringify(image.configDiffIds));
  assert.ok(found.includes(JSON.stringify(diffIds)), `${reference} holds the layers ${found.join(' and ')}`);
  return copy;
}
