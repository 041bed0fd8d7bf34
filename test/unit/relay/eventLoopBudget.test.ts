import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { EventLoopBudget } from '../../../src/core/relay/eventLoopBudget.ts';
import { RelayUpload } from '../../../src/core/relay/relayUpload.ts';
import { MemoryBackend } from './memoryBackend.ts';

const KiB = 1024;

describe('EventLoopBudget', () => {
  it('allows bytes up to the budget of one turn, for all users together', () => {
    const turns = new EventLoopBudget();
    assert.equal(turns.spend(256 * KiB), undefined);
    assert.equal(turns.spend(255 * KiB), undefined);
    assert.ok(turns.spend(1 * KiB) instanceof Promise);
  });

  it('starts with an empty count in the next turn', async () => {
    const turns = new EventLoopBudget();
    let isNext = false;
    setImmediate(() => {
      isNext = true;
    });
    await turns.spend(512 * KiB);
    assert.ok(isNext, 'what waited for the loop has had its turn');
    assert.equal(turns.spend(511 * KiB), undefined);
  });

  it('resets the count after turns that were not full', async () => {
    const turns = new EventLoopBudget();
    for (let turn = 0; turn < 4; turn++) {
      assert.equal(turns.spend(300 * KiB), undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('RelayUpload', () => {
  it('reads about 512 KiB in a turn of the event loop, of all concurrent blobs, and loses nothing', async () => {
    const backend = new CountingBackend();
    const turns = new EventLoopBudget();
    const blobs = Array.from({ length: 3 }, () => randomBytes(8 * KiB * KiB));
    await Promise.all(
      blobs.map(async (blob, at) => {
        const session = new RelayUpload(String(at), backend, turns);
        await session.append(bodyAtOnce(blob));
        await session.commit(digestOf(blob));
      }),
    );
    backend.stop();
    for (const blob of blobs) assert.ok(backend.blobs.get(digestOf(blob))?.equals(blob));
    // Each of the three may have one more piece in hand when it is enough, on both sides of the line.
    assert.ok(backend.most <= (512 + 6 * 64) * KiB, `${backend.most} bytes in one turn`);
  });
});

/** A request whose whole body is here already, in pieces as node reads them. */
function bodyAtOnce(blob: Buffer): IncomingMessage {
  const pieces = Array.from({ length: Math.ceil(blob.byteLength / (64 * KiB)) }, (_, at) =>
    blob.subarray(at * 64 * KiB, (at + 1) * 64 * KiB),
  );
  return Object.assign(Readable.from(pieces, { objectMode: false }), { headers: {}, complete: true }) as never;
}

/** Counts the bytes that come between two turns of the event loop. */
class CountingBackend extends MemoryBackend {
  most = 0;
  #now = 0;
  #isStopped = false;

  constructor() {
    super();
    this.#follow();
  }

  stop(): void {
    this.#isStopped = true;
  }

  override async beginBlob(): ReturnType<MemoryBackend['beginBlob']> {
    const blob = await super.beginBlob();
    return {
      ...blob,
      write: (bytes) => {
        this.#now += bytes.byteLength;
        this.most = Math.max(this.most, this.#now);
        void blob.write(bytes);
        return undefined;
      },
    };
  }

  #follow(): void {
    setImmediate(() => {
      this.#now = 0;
      if (!this.#isStopped) this.#follow();
    });
  }
}
