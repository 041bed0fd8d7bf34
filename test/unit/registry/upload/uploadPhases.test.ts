import assert from 'node:assert/strict';
import { beforeEach, suite, test } from 'node:test';
import type { UploadPhase } from '../../../../src/core/ports/blobTarget.ts';
import type { RequestBody } from '../../../../src/core/registry/http/httpTypes.ts';
import { withPhases } from '../../../../src/core/registry/upload/uploadPhases.ts';

const mib = 1024 * 1024;

suite('the phases of a request that uploads', () => {
  let now = 0;
  let phases: (UploadPhase | undefined)[] = [];
  const options = {
    timing: { now: () => now, sleep: () => Promise.resolve(), random: () => 0 },
    shortestAnswer: () => 80,
    onPhase: (phase: UploadPhase | undefined): void => void phases.push(phase),
  };
  beforeEach(() => {
    now = 0;
    phases = [];
  });

  /** A body of so many MiB that is written at 1 MiB in 100 ms. */
  const bodyOf = (size: number): RequestBody => ({
    length: size * mib,
    replayable: true,
    async *open() {
      for (let at = 0; at < size; at++) {
        yield Buffer.alloc(8);
        now += 100;
      }
    },
  });
  const read = async (body: RequestBody | undefined): Promise<void> => {
    for await (const piece of body?.open() ?? []) assert.equal(piece.byteLength, 8);
  };

  test('end with the answer, which counts from when the buffers of this machine are empty', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    await withPhases(bodyOf(12), options, async (body) => {
      await read(body);
      assert.deepEqual(phases, ['sending', 'written']);
      // 8 MiB left the buffer in 1200 ms, so that its last 4 need 600; the shortest answer takes 80.
      t.mock.timers.tick(679);
      assert.equal(phases.at(-1), 'written');
      t.mock.timers.tick(1);
      assert.equal(phases.at(-1), 'answer');
    });
    assert.deepEqual(phases, ['sending', 'written', 'answer', undefined]);
  });

  test('of a small body do not say when it has left', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    await withPhases(bodyOf(7), options, async (body) => {
      await read(body);
      t.mock.timers.tick(900_000);
    });
    assert.deepEqual(phases, ['sending', 'written', undefined]);
  });

  test('without a body are the answer, once the time of the shortest one is over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    await withPhases(undefined, options, (body) => {
      assert.equal(body, undefined);
      assert.deepEqual(phases, ['written']);
      t.mock.timers.tick(80);
      return Promise.resolve();
    });
    assert.deepEqual(phases, ['written', 'answer', undefined]);
  });

  test('end with an answer that comes before the body was read to its end', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let rest: Promise<void> | undefined;
    await withPhases(bodyOf(12), options, async (body) => {
      const pieces = body?.open()[Symbol.asyncIterator]();
      await pieces?.next();
      rest = (async () => {
        while ((await pieces?.next())?.done === false);
        await read(body);
      })();
    });
    assert.deepEqual(phases, ['sending', undefined]);
    await rest;
    t.mock.timers.tick(900_000);
    assert.deepEqual(phases, ['sending', undefined]);
  });

  test('begin again when the body is sent again, and end when it fails', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const failure = new Error('broken');
    const sending = withPhases(bodyOf(12), options, async (body) => {
      await read(body);
      const again = body?.open()[Symbol.asyncIterator]();
      await again?.next();
      t.mock.timers.tick(900_000);
      assert.equal(phases.at(-1), 'sending');
      throw failure;
    });
    await assert.rejects(sending, failure);
    assert.deepEqual(phases, ['sending', 'written', 'sending', undefined]);
  });
});
