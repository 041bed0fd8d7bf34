import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { PreopenedSessions } from '../../../../src/core/push/relay/preopenedSessions.ts';
import { FakeRepository } from '../fakes.ts';

const { signal } = new AbortController();
const [one, other] = [digestOf(Buffer.from('one')), digestOf(Buffer.from('other'))];

describe('PreopenedSessions', () => {
  let registry: FakeRepository;
  let uploads: PreopenedSessions;

  beforeEach(() => {
    registry = new FakeRepository();
    registry.kind = 'generic';
    uploads = new PreopenedSessions(registry, { takeSession: () => undefined });
  });

  it('gives the first missing blob the session that has proved our access', async () => {
    await uploads.proveAccess(signal);
    uploads.prepare(one, signal);
    assert.deepEqual(registry.calls, ['openSession']);
    uploads.prepare(other, signal);
    assert.deepEqual(registry.calls, ['openSession', 'openSession']);
    const taken = [await uploads.take(one, signal), await uploads.take(other, signal)];
    assert.notEqual(taken[0], taken[1]);
    await uploads.close(signal);
    assert.equal(registry.openSessions, 2, 'what was taken is not closed here');
  });

  it('closes that session when no blob was missing', async () => {
    await uploads.proveAccess(signal);
    assert.equal(registry.openSessions, 1);
    await uploads.close(signal);
    assert.equal(registry.openSessions, 0);
  });

  it('lets Gitea answer each blob with a mount', async () => {
    registry.kind = 'gitea';
    registry.elsewhere.set(one, Buffer.from('one'));
    await uploads.proveAccess(signal);
    assert.deepEqual([registry.calls, registry.openSessions], [['checkAccess'], 0]);
    assert.equal(await uploads.take(one, signal), undefined);
  });

  it('says why we may not write there', async () => {
    registry.onCall = () => {
      throw new TeaChestError('accessDenied', 'You may not write there.');
    };
    await assert.rejects(uploads.proveAccess(signal), { code: 'accessDenied' });
    await uploads.close(signal);
  });
});
