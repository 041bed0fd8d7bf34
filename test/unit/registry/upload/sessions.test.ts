import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { badGateway } from '../../../fakeGitea/http/proxyReplies.ts';
import { call, setUp, silent } from '../setUp.ts';
import { bytesOf, wholeBlob } from '../../gitea/testClient.ts';
import { answersPage, oneOf, startRegistry } from '../faults.ts';

const mib = 1024 * 1024;

describe('a session that is not needed is closed', () => {
  for (const status of [429, 500, 502, 503]) {
    test(`though the registry answers ${status} at first`, async (t) => {
      const { registry, app } = await startRegistry(t);
      registry.intercept = answersPage({ method: 'DELETE', times: 3 }, status);
      await app.checkAccess(call);
      assert.equal(registry.count('DELETE'), 4);
      assert.equal(registry.sessions.size, 0);
    });
  }

  test('though the connection ends at first', async (t) => {
    const { fakeGitea, app } = await setUp(t);
    fakeGitea.faults.add({ method: 'DELETE', times: 2, action: { kind: 'reset' } });
    await app.checkAccess(call);
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('when the registry is back, if it could not be closed before', async (t) => {
    const { fakeGitea, client, app } = await setUp(t, { chunk: mib });
    const reply = badGateway();
    const fault = fakeGitea.faults.add({ method: 'DELETE', times: Infinity, action: { kind: 'answer', reply } });
    await app.checkAccess(call);
    assert.equal(fakeGitea.openSessions().length, 1);
    assert.ok(client.log.some((line) => /session of dev\/app stays open.*502/.test(line)));
    fault.remove();
    const bytes = bytesOf(2 * mib);
    await app.uploadBlob(wholeBlob(bytes), silent);
    assert.equal(await app.headBlob(digestOf(bytes), call), bytes.byteLength);
    assert.deepEqual(fakeGitea.openSessions(), []);
  });

  test('within a moment after a cancel, and what stays is in the log', async (t) => {
    const { registry, app, client } = await startRegistry(t);
    const session = await app.openSession(undefined, call);
    registry.intercept = answersPage({ method: 'DELETE' }, 503);
    await session?.close(AbortSignal.abort());
    assert.ok(registry.count('DELETE') > 1);
    assert.ok(client.log.some((line) => line.includes('session of own/app stays open')));
  });

  test('once only, if something refuses that for good, which is in the log', async (t) => {
    const { registry, app, client } = await startRegistry(t);
    registry.intercept = answersPage({ method: 'DELETE' }, 405);
    await app.checkAccess(call);
    assert.equal(registry.count('DELETE'), 1);
    assert.ok(client.log.some((line) => /stays open.*405/.test(line)));
  });
});

test('a registry that is away for most of a minute in the middle of an upload gets all of it', async (t) => {
  const { registry, app } = await startRegistry(t, { chunk: mib });
  const bytes = bytesOf(4 * mib);
  const away = answersPage({ method: 'POST' }, 503);
  registry.intercept = oneOf(
    answersPage({ method: 'PATCH', times: 1 }, 502),
    // As many tries as fit into that time, by the waits that retry.test.ts shows.
    (request, ...rest) => registry.count('PATCH') > 0 && registry.count('POST') < 9 && away(request, ...rest),
  );
  await app.uploadBlob(wholeBlob(bytes), silent);
  assert.ok(registry.blobs.get(digestOf(bytes))?.equals(bytes));
  assert.equal(registry.count('POST'), 9);
  assert.equal(registry.sessions.size, 0);
});

test('a hundred questions at once take no more than sixteen connections', async (t) => {
  const { registry, app } = await startRegistry(t);
  const held: (() => void)[] = [];
  let most = 0;
  registry.intercept = (request, response) => {
    if (request.method !== 'HEAD') return false;
    held.push(() => response.writeHead(404).end());
    most = Math.max(most, held.length);
    return true;
  };
  const digest = digestOf(bytesOf(1));
  const answers = Promise.all(Array.from({ length: 100 }, async () => app.headBlob(digest, call)));
  for (let answered = 0; answered < 100;) {
    // All that may come at one time has come when nothing more does for a while.
    for (let turns = 0, before = held.length; turns < 100; turns++) {
      await setImmediate();
      if (held.length !== before) [turns, before] = [0, held.length];
    }
    for (const answer of held.splice(0)) {
      answer();
      answered++;
    }
  }
  assert.deepEqual(new Set(await answers), new Set([undefined]));
  assert.equal(most, 16);
});
