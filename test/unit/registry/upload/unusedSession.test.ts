import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mib, unfired, startRig, inPieces, assertNothingLeft } from './streamingRig.ts';

describe('an upload session that was opened before its bytes were there', () => {
  test('is deleted if it is not used, once', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    const session = await rig.open();
    assert.equal(rig.registry.sessions.size, 1);
    await session.close(unfired);
    await session.close(unfired);
    assertNothingLeft(rig, ['POST', 'DELETE']);
  });

  test('is deleted though all was cancelled', async (t) => {
    const rig = await startRig(t, { chunk: mib });
    await (await rig.open()).close(AbortSignal.abort());
    assertNothingLeft(rig, ['POST', 'DELETE']);
  });

  test('stays a blob when it is closed after it was sent', async (t) => {
    for (const isNear of [false, true]) {
      const rig = await startRig(t, { chunk: mib, isNear });
      const blob = randomBytes(1000);
      const session = await rig.open();
      await rig.send(blob, { bytes: inPieces(blob, 77), session });
      await session.close(unfired);
      assert.equal(rig.registry.asked.includes('DELETE'), false);
      assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
    }
  });
});
