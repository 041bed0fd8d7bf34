import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import type { ExplainErrorResponse } from '../../../../src/core/registry/errors/explainErrorResponse.ts';
import { mib, startRig, assertNothingLeft, interrupted, answer, tear } from './streamingRig.ts';

describe('a streamed blob in one request', () => {
  test('arrives by that request alone', async (t) => {
    const rig = await startRig(t, { chunk: mib, isNear: true });
    const blob = randomBytes(3 * mib);
    await rig.send(blob);
    assert.deepEqual(rig.registry.asked, ['POST', 'PUT']);
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
    assert.deepEqual([rig.sent[0], rig.sent.at(-1)], [0, blob.byteLength]);
  });

  test('that is refused as too large teaches chunks, by which the next blob passes', async (t) => {
    const rig = await startRig(t, { chunk: 16 * mib, isNear: true });
    rig.registry.intercept = (request, response, nth) => {
      if (Number(request.headers['content-length'] ?? 0) <= 4 * mib) return false;
      return answer(request.method ?? '', 1, 413)(request, response, nth);
    };
    await assert.rejects(rig.send(randomBytes(6 * mib)), { code: 'bodyTooLarge' });
    assertNothingLeft(rig, ['POST', 'PUT', 'DELETE']);
    assert.equal(rig.sizer.seemsUnlimited, false);
    assert.equal(rig.sizer.size, 3 * mib);
    const blob = randomBytes(7 * mib);
    await rig.send(blob);
    assert.ok(rig.registry.blobs.get(digestOf(blob))?.equals(blob));
  });

  test('that is refused for a quota, by a 413 as well, teaches nothing', async (t) => {
    const explain: ExplainErrorResponse = () => new TeaChestError('quotaExceeded', 'The quota is used up.');
    const rig = await startRig(t, { chunk: 16 * mib, isNear: true, explain });
    rig.registry.intercept = answer('PUT', 1, 413);
    await assert.rejects(rig.send(randomBytes(mib)), { code: 'quotaExceeded' });
    assert.equal(rig.sizer.size, 16 * mib);
    assert.equal(rig.sizer.seemsUnlimited, true);
  });

  test('whose connection is torn, or that is not wanted now, is not sent again', async (t) => {
    const rig = await startRig(t, { chunk: mib, isNear: true });
    rig.registry.intercept = answer('PUT', 1, 429);
    await assert.rejects(rig.send(randomBytes(3 * mib)), interrupted('registryFailed'));
    rig.registry.intercept = tear('PUT');
    await assert.rejects(rig.send(randomBytes(3 * mib)), interrupted('registryUnreachable'));
    // Only after a torn connection is it unknown whether the blob arrived.
    assertNothingLeft(rig, ['POST', 'PUT', 'DELETE', 'POST', 'PUT', 'HEAD', 'DELETE']);
  });
});

test('a streamed blob that is refused in one request too, where chunks are refused: both are named', async (t) => {
  const rig = await startRig(t, { chunk: mib });
  rig.sizer.rememberChunksRefused(new TeaChestError('chunksRefused', 'The proxy lets no PATCH through.'));
  rig.registry.intercept = answer('PUT', 1, 400, 'no');
  await assert.rejects(rig.send(randomBytes(2 * mib)), (error) => {
    assert.match(String(error), /no PATCH through.*one request.*400/);
    return interrupted('chunksRefused')(error);
  });
});
