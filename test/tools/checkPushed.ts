import assert from 'node:assert/strict';

import type { Engine } from './engine.ts';
import type { BuiltImage } from './images.ts';
import { copyBySkopeo, differences, pullByEngine } from './verifyPull.ts';
import type { CopiedImage, Credentials } from './verifyPull.ts';

export interface StoredImage {
  /** The reference for other tools: `host:port/owner/name:tag`. */
  readonly reference: string;
  /** What the engine has that it was pushed from. */
  readonly built: BuiltImage;
  readonly credentials?: Credentials;
  /** Another engine, with a classic store, that has nothing of the image. */
  readonly puller: Engine;
}

export interface PushedImage extends StoredImage {
  /** The push's own result. */
  readonly result: { readonly digest: string; readonly mediaType: string };
}

/** As `checkStored`, and compares it with the push's own result. */
export async function checkPushed({ result, ...image }: PushedImage): Promise<CopiedImage> {
  const copy = await checkStored(image);
  assert.deepEqual(
    { digest: copy.manifestDigest, mediaType: copy.mediaType },
    { digest: result.digest, mediaType: result.mediaType },
  );
  return copy;
}

/**
 * Compares the registry's image with the engine's: skopeo copies it, and every digest, size and diffID is compared;
 * another engine pulls it and must have the same image.
 */
export async function checkStored({ reference, built, credentials, puller }: StoredImage): Promise<CopiedImage> {
  const copy = await copyBySkopeo(reference, credentials);
  assert.deepEqual(differences(built, copy), []);
  const pulled = await pullByEngine(puller, reference, credentials);
  try {
    assert.deepEqual(pulled.diffIds, built.diffIds);
    assert.equal(pulled.configDigest, copy.config.digest);
    if (built.configDigest !== undefined) assert.equal(copy.config.digest, built.configDigest);
  } finally {
    await puller.docker(['image', 'rm', '--force', reference]);
  }
  return copy;
}
