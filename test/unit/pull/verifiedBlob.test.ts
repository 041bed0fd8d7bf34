import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { readVerifiedBlob } from '../../../src/core/pull/verifiedBlob.ts';
import { bytesOf, never } from '../gitea/testClient.ts';

const bytes = bytesOf(2_500_000);
const blob = { digest: digestOf(bytes), size: bytes.byteLength };
const broken = (): TeaChestError => new TeaChestError('registryUnreachable', 'it broke');

/** Each read gives these bytes, and then perhaps fails. */
function repositoryWith(...reads: readonly { readonly bytes: Buffer; readonly error?: Error }[]) {
  let count = 0;
  return {
    repository: 'dev/app',
    get reads() {
      return count;
    },
    async *readBlob() {
      const read = reads[Math.min(count++, reads.length - 1)] ?? assert.fail();
      for (let at = 0; at < read.bytes.byteLength; at += 65_536) {
        await Promise.resolve();
        yield read.bytes.subarray(at, Math.min(at + 65_536, read.bytes.byteLength));
      }
      if (read.error !== undefined) throw read.error;
    },
  };
}

async function read(
  repository: ReturnType<typeof repositoryWith>,
  from = 0,
): Promise<{ given: Buffer; error: unknown }> {
  const given: Uint8Array[] = [];
  let error: unknown;
  try {
    const options = { signal: never, from, sleep: () => Promise.resolve() };
    for await (const piece of readVerifiedBlob(repository, blob, options)) given.push(piece);
  } catch (reason) {
    error = reason;
  }
  return { given: Buffer.concat(given), error };
}

describe('a blob that is read', () => {
  it('is given whole, or from a position', async () => {
    for (const from of [0, 1, 65_536, 100_000, bytes.byteLength - 1]) {
      const { given, error } = await read(repositoryWith({ bytes }), from);
      assert.equal(error, undefined);
      assert.ok(given.equals(bytes.subarray(from)), String(from));
    }
  });

  it('goes on where it broke off, by another read', async () => {
    const repository = repositoryWith(
      { bytes: bytes.subarray(0, 100_000), error: broken() },
      { bytes: bytes.subarray(0, 90_000), error: broken() },
      { bytes: bytes.subarray(0, 1_000_000) },
      { bytes },
    );
    const { given, error } = await read(repository);
    assert.equal(error, undefined);
    assert.ok(given.equals(bytes));
    assert.equal(repository.reads, 4);
  });

  it('is given up after five failures in a row, and after any that another read does not help', async () => {
    const endless = repositoryWith({ bytes: bytes.subarray(0, 10), error: broken() });
    assert.equal((await read(endless)).error instanceof TeaChestError, true);
    assert.equal(endless.reads, 5);
    const refused = repositoryWith({ bytes: Buffer.alloc(0), error: new TeaChestError('accessDenied', 'no') });
    assert.equal(((await read(refused)).error as TeaChestError).code, 'accessDenied');
    assert.equal(refused.reads, 1);
  });

  it('never ends if its bytes are others: the last piece is held back', async () => {
    const changed = Buffer.from(bytes);
    changed[0] = (changed[0] ?? 0) ^ 1;
    const longer = Buffer.concat([bytes, Buffer.from('x')]);
    for (const wrong of [changed, longer]) {
      const { given, error } = await read(repositoryWith({ bytes: wrong }));
      assert.equal((error as TeaChestError).code, 'digestMismatch');
      assert.ok(given.byteLength < bytes.byteLength);
    }
  });

  it('is hashed as it was given: right bytes after a break do not excuse wrong ones before it', async () => {
    const wrong = Buffer.from(bytes.subarray(0, 200_000));
    wrong[10] = (wrong[10] ?? 0) ^ 1;
    const { given, error } = await read(repositoryWith({ bytes: wrong, error: broken() }, { bytes }));
    assert.equal((error as TeaChestError).code, 'digestMismatch');
    assert.ok(given.byteLength < bytes.byteLength);
  });
});
