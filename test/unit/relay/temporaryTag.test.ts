import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatIdentity, thisMachine } from '../../../src/core/base/processIdentity.ts';
import { isTemporaryName, removeName, sweepNames, temporaryTag } from '../../../src/core/relay/temporaryTag.ts';
import { silentLogger } from '../../tools/silentLogger.ts';
import { FakePusher } from './fakePusher.ts';

const repository = `127.0.0.1:4711/tea-chest/${'0a'.repeat(12)}/0`;
const options = { signal: new AbortController().signal, logger: silentLogger };
const { own } = thisMachine();

function pusherWith(tags: readonly string[]): FakePusher {
  const pusher = new FakePusher({ layers: [], config: Buffer.alloc(0) });
  for (const tag of tags) pusher.tags.add(tag);
  return pusher;
}

function nameOf(identity: typeof own, begunAt = Date.now()): string {
  const seconds = Math.floor(begunAt / 1000).toString(16);
  return `${repository}:push-${formatIdentity(identity)}-${seconds}01234567`;
}

suite('temporary names', () => {
  test('of ended processes are removed, of any installation, and no others', async () => {
    const other = { ...own, host: '00000000', system: '11111111' };
    // Ids of processes are smaller than this on every system.
    const ended = nameOf({ ...own, pid: 2 ** 31 - 2 });
    const reusedId = nameOf({ ...own, start: 'abc' });
    const forgotten = nameOf(other, Date.now() - 48 * 3_600_000);
    const kept = ['app:1', `127.0.0.1:5000/tea-chest/x/0:push-1-0123456789ab`, nameOf(other)];
    const pusher = pusherWith([ended, reusedId, forgotten, ...kept]);
    assert.equal(await sweepNames(pusher, options), 3);
    assert.deepEqual([...pusher.tags], kept);
  });

  test('of ended pulls are removed with their image: they are not moved to another one first', async () => {
    const ended = nameOf({ ...own, pid: 2 ** 31 - 2 }).replace(':push-', ':pull-');
    assert.ok(isTemporaryName(ended));
    const pusher = pusherWith(['app:1', ended]);
    pusher.tag = () => assert.fail('the name is moved');
    assert.equal(await sweepNames(pusher, options), 1);
    assert.deepEqual([...pusher.tags], ['app:1']);
  });

  test('of this window are kept while their push runs, and removed later if that failed at its end', async () => {
    const tag = temporaryTag();
    const name = `${repository}:${tag}`;
    assert.ok(isTemporaryName(name), name);
    const pusher = pusherWith(['app:1', name]);
    assert.equal(await sweepNames(pusher, options), 0);
    const untag = pusher.untag.bind(pusher);
    pusher.untag = () => Promise.reject(new Error('the engine is gone'));
    assert.equal(await removeName(pusher, { repository, tag }, { ...options, references: [] }), false);
    pusher.untag = untag;
    assert.equal(await sweepNames(pusher, options), 1);
    assert.deepEqual([...pusher.tags], ['app:1']);
  });
});
