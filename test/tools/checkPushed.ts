import assert from 'node:assert/strict';

import type { Engine } from './engine.ts';
import type { BuiltImage } from './images.ts';
import { copyBySkopeo, differences, pullByEngine } from './pullBack.ts';
import type { CopiedImage, Credentials } from './pullBack.ts';

export interface PushedImage {
  /** Where others find it: `host:port/owner/name:tag`. */
  readonly reference: string;
  /** What the push told. */
  readonly told: { readonly digest: string; readonly mediaType: string };
  /** What the engine has that it was pushed from. */
  readonly built: BuiltImage;
  readonly credentials?: Credentials;
  /** Another engine, with a classic store, that has nothing of the image. */
  readonly puller: Engine;
}

/**
 * Other people's tools find in the registry what the engine has and the push told: skopeo copies it and every digest,
 * size and diffID is compared; another engine pulls it and has the same image.
 */
export async function checkPushed({ reference, told, built, credentials, puller }: PushedImage): Promise<CopiedImage> {
  const copy = await copyBySkopeo(reference, credentials);
  assert.deepEqual(differences(built, copy), []);
  assert.deepEqual(
    { digest: copy.manifestDigest, mediaType: copy.mediaType },
    { digest: told.digest, mediaType: told.mediaType },
  );
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
