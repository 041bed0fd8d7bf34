import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { formatIdentity, thisMachine, type ProcessIdentity } from '../../../src/core/base/processIdentity.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { Spool, sweepSpool } from '../../../src/core/spool/spool.ts';

const { signal } = new AbortController();

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

describe('the spool', () => {
  let root: string;
  before(async () => (root = await mkdtemp(join(tmpdir(), 'tea-chest-spool-'))));
  after(() => rm(root, { recursive: true }));

  it('lets a reader follow the writer, and read any part again', async () => {
    const spool = await Spool.create(root, 1e9);
    const blob = await spool.begin(signal);
    await blob.write(Buffer.from('first '));
    const waiting = blob.available(0, 10, signal);
    await blob.write(Buffer.from('second'));
    assert.deepEqual(await waiting, { bytes: 12, complete: false });
    const end = blob.available(0, 100, signal);
    blob.complete(digestOf(Buffer.from('first second')));
    assert.deepEqual(await end, { bytes: 12, complete: true });
    assert.equal(String(await readAll(blob.read(6, 12))), 'second');
    assert.equal(String(await readAll(blob.read(0, 12))), 'first second');
    assert.equal((await blob.finished).size, 12);
    await spool.dispose();
  });

  it('reads any length through two buffers, and no piece changes before the next one is asked for', async () => {
    const spool = await Spool.create(root, 1e9);
    const blob = await spool.begin(signal);
    // Odd, so that no piece ends where another one would.
    const bytes = randomBytes(3 * 1024 * 1024 + 77_777);
    await blob.write(bytes);
    const [file = assert.fail()] = await readdir(spool.folder);
    const memories = new Set<ArrayBufferLike>();
    let at = 5;
    for await (const piece of blob.read(at, bytes.byteLength)) {
      // What is read ahead is there by then: the same threads have read much more of the same file.
      await readFile(join(spool.folder, file));
      assert.ok(bytes.subarray(at, at + piece.byteLength).equals(piece), `what was read from ${at} on is the blob’s`);
      memories.add(piece.buffer);
      at += piece.byteLength;
    }
    assert.equal(at, bytes.byteLength);
    assert.equal(memories.size, 2);
    await spool.dispose();
  });

  it('creates files that only this user may read', async () => {
    const spool = await Spool.create(root, 1e9);
    await spool.begin(signal);
    const [file = assert.fail()] = await readdir(spool.folder);
    assert.equal((await stat(join(spool.folder, file))).mode & 0o777, 0o600);
    assert.equal((await stat(spool.folder)).mode & 0o777, 0o700);
    await spool.dispose();
  });

  it('begins no blob after it was disposed: nothing would close it', async () => {
    const spool = await Spool.create(root, 1e9);
    const late = assert.rejects(spool.begin(signal), /is over/);
    await spool.dispose();
    await late;
    assert.deepEqual(await readdir(root), []);
  });

  it('begins no blob while the waiting ones exceed the limit, and goes on when one is released', async () => {
    const spool = await Spool.create(root, 10);
    const first = await spool.begin(signal);
    await first.write(Buffer.alloc(11));
    let begun = false;
    const second = spool.begin(signal).then((blob) => {
      begun = true;
      return blob;
    });
    await new Promise(setImmediate);
    assert.equal(begun, false);
    await spool.release(first);
    await second;
    assert.equal((await readdir(spool.folder)).length, 1);
    await spool.dispose();
  });

  it('gives a waiting reader the reason why the rest will not come', async () => {
    const spool = await Spool.create(root, 1e9);
    const blob = await spool.begin(signal);
    const waiting = blob.available(0, 1, signal);
    blob.fail(new TeaChestError('engineLost', 'The engine went away.'));
    await assert.rejects(waiting, { code: 'engineLost' });
    await assert.rejects(blob.finished, { code: 'engineLost' });
    await spool.dispose();
  });

  it('rejects a waiting reader when its signal fires', async () => {
    const spool = await Spool.create(root, 1e9);
    const controller = new AbortController();
    const waiting = (await spool.begin(signal)).available(0, 1, controller.signal);
    controller.abort();
    await assert.rejects(waiting, { code: 'cancelled' });
    await spool.dispose();
  });

  it('removes what an ended process has left, and nothing of a running one', async () => {
    const { own } = thisMachine();
    const folder = (identity: ProcessIdentity): string => `push-${formatIdentity(identity)}-89abcdef`;
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    // The system gives an id again.
    for (const gone of [
      { ...own, pid: ended },
      { ...own, start: 'abc' },
    ])
      await mkdir(join(root, folder(gone)));
    // Another container that shares this folder: its process ids mean nothing here.
    const elsewhere = folder({ ...own, system: '01234567', pid: ended });
    await mkdir(join(root, elsewhere));
    await mkdir(join(root, 'something-else'));
    const living = await Spool.create(root, 1);
    assert.equal(await sweepSpool(root), 2);
    const kept = [living.folder.slice(root.length + 1), elsewhere, 'something-else'];
    assert.deepEqual((await readdir(root)).sort(), kept.sort());
    const longAgo = new Date(Date.now() - 48 * 3_600_000);
    await utimes(join(root, elsewhere), longAgo, longAgo);
    assert.equal(await sweepSpool(root), 1);
    await living.dispose();
    assert.equal(await sweepSpool(join(root, 'not-there')), 0);
  });
});
