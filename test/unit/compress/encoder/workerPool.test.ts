import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build as bundle } from 'esbuild';
import { buildWasm } from '../../../../scripts/buildWasm.mjs';
import { createCodec } from '../../../../src/core/compress/codecs.ts';
import { inChunks, mixedBytes, wordyBytes } from '../testData.ts';
import { encodeAll, openPool, workerFile } from '../testPool.ts';

const mebibyte = 2 ** 20;

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tea-chest-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A thread's script that does `what` when it gets a task. */
async function brokenWorker(t: TestContext, what: string): Promise<string> {
  const file = join(await temporaryFolder(t), 'worker.mjs');
  await writeFile(
    file,
    `import { parentPort } from 'node:worker_threads';\nparentPort.on('message', () => { ${what} });`,
  );
  return file;
}

/** Endless text; counts the bytes that were read, and notes whether it was closed. */
class Endless implements AsyncIterable<Uint8Array> {
  taken = 0;
  closed = false;

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const chunk = wordyBytes(256 * 1024);
    try {
      for (;;) {
        await sleep(0);
        this.taken += chunk.byteLength;
        yield chunk;
      }
    } finally {
      this.closed = true;
    }
  }
}

describe('WorkerPool', () => {
  it('starts no thread before there is work, and no more than its size', async (t) => {
    const pool = await openPool(t, { size: 3 });
    assert.equal(pool.threads, 0);
    await encodeAll(createCodec('gzip', 1, pool), inChunks(mixedBytes(10 * mebibyte, 41), 100_000));
    assert.equal(pool.threads, 3);
  });

  it('stops idle threads after a while, and starts new ones when there is work again', async (t) => {
    const pool = await openPool(t, { idleMs: 20 });
    const codec = createCodec('gzip', 1, pool);
    const first = await encodeAll(codec, inChunks(mixedBytes(3 * mebibyte, 42), 100_000));
    while (pool.threads > 0) await sleep(5);
    assert.ok((await encodeAll(codec, inChunks(mixedBytes(3 * mebibyte, 42), 100_000))).equals(first));
  });

  it('starts no thread for the first small streams, and makes the same bytes of them with threads and without', async (t) => {
    const small = mixedBytes(300 * 1024, 43);
    for (const kind of ['gzip', 'zstd'] as const) {
      const [idle, busy] = [await openPool(t), await openPool(t)];
      await encodeAll(createCodec(kind, undefined, busy), inChunks(mixedBytes(3 * mebibyte, 42), 100_000));
      assert.ok(busy.threads > 0);
      const here = await encodeAll(createCodec(kind, undefined, idle), inChunks(small, 65_536));
      assert.equal(idle.threads, 0);
      assert.ok(here.equals(await encodeAll(createCodec(kind, undefined, busy), inChunks(small, 65_536))), kind);
      for (let at = 0; at < 5; at++) {
        assert.ok(here.equals(await encodeAll(createCodec(kind, undefined, idle), inChunks(small, 65_536))), kind);
      }
      assert.equal(idle.threads, 1, 'many small streams are work for threads');
    }
  });

  it('reads no further ahead than two blocks more than it has threads', async (t) => {
    const pool = await openPool(t, { size: 2 });
    const source = new Endless();
    const output = createCodec('gzip', 1, pool).encode(source, { signal: AbortSignal.timeout(60_000) });
    const iterator = output[Symbol.asyncIterator]();
    await iterator.next(); // the header
    await iterator.next(); // the first block
    // Its threads do other work, so they have done all that they were given before.
    await encodeAll(createCodec('gzip', 1, pool), inChunks(mixedBytes(4 * mebibyte, 48), 100_000));
    assert.ok(source.taken <= (2 + 2 + 1) * mebibyte, `${source.taken} bytes were taken`);
    await iterator.return?.();
    assert.ok(source.closed);
  });

  it('stops the source when the consumer leaves', async (t) => {
    const source = new Endless();
    const codec = createCodec('gzip', 1, await openPool(t));
    const output = codec.encode(source, { signal: AbortSignal.timeout(60_000) })[Symbol.asyncIterator]();
    for (let pieces = 0; pieces < 5; pieces++) assert.equal((await output.next()).done, false);
    await output.return?.();
    assert.ok(source.closed);
  });

  for (const kind of ['gzip', 'zstd', 'none'] as const) {
    it(`rejects with "cancelled" when the signal fires in the middle (${kind})`, async (t) => {
      const pool = await openPool(t);
      const cancel = new AbortController();
      const source = new Endless();
      const codec = createCodec(kind, undefined, pool);
      const output = codec.encode(source, { signal: cancel.signal })[Symbol.asyncIterator]();
      for (let pieces = 0; pieces < 4; pieces++) await output.next();
      cancel.abort();
      const untilItFails = async (): Promise<void> => {
        while ((await output.next()).done !== true);
      };
      await assert.rejects(untilItFails(), { code: 'cancelled' });
      assert.ok(source.closed);
      // The pool is as good as before.
      const bytes = mixedBytes(2 * mebibyte, 43);
      const after = await encodeAll(createCodec('gzip', 1, pool), inChunks(bytes, 100_000));
      assert.ok(gunzipSync(after).equals(bytes));
    });
  }

  it('rejects even while the source yields nothing', async (t) => {
    const cancel = new AbortController();
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
    };
    const encoding = encodeAll(createCodec('gzip', 1, await openPool(t)), silent, cancel.signal);
    setTimeout(() => {
      cancel.abort();
    }, 20);
    await assert.rejects(encoding, { code: 'cancelled' });
  });

  it('does not begin when the signal has fired already', async (t) => {
    const source = new Endless();
    const encoding = encodeAll(createCodec('gzip', 1, await openPool(t)), source, AbortSignal.abort());
    await assert.rejects(encoding, { code: 'cancelled' });
    assert.equal(source.taken, 0);
  });

  it('throws the error of the source', async (t) => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* inChunks(mixedBytes(3 * mebibyte, 44), 500_000);
      throw new Error('the engine is gone');
    }
    const encoding = encodeAll(createCodec('gzip', 1, await openPool(t)), failing());
    await assert.rejects(encoding, { message: 'the engine is gone' });
  });

  it('reports a thread that breaks, and works again afterwards', async (t) => {
    const worker = await brokenWorker(t, `throw new Error('out of cups')`);
    const pool = await openPool(t, { worker });
    for (let attempt = 0; attempt < 2; attempt++) {
      const encoding = encodeAll(createCodec('gzip', 1, pool), inChunks(mixedBytes(5 * mebibyte, 45), 100_000));
      await assert.rejects(encoding, { code: 'internal', message: /compression thread.*out of cups/ });
    }
  });

  it('reports a thread that ends without an error', async (t) => {
    const pool = await openPool(t, { worker: await brokenWorker(t, 'process.exit(7)') });
    const encoding = encodeAll(createCodec('gzip', 1, pool), inChunks(mixedBytes(mebibyte, 46), 100_000));
    await assert.rejects(encoding, { code: 'internal', message: /ended by itself.*exit code 7/ });
  });

  it('reports that threads cannot start, or that the compressor is missing', async (t) => {
    const nowhere = join(await temporaryFolder(t), 'nothing-here');
    const withoutScript = await openPool(t, { worker: `${nowhere}.cjs` });
    await assert.rejects(encodeAll(createCodec('gzip', 9, withoutScript), inChunks(Buffer.from('tea'), 3)), {
      code: 'internal',
      message: /could not start a compression thread.*nothing-here/s,
    });
    const withoutWasm = await openPool(t, { deflate: `${nowhere}.wasm` });
    await assert.rejects(encodeAll(createCodec('gzip', 1, withoutWasm), inChunks(Buffer.from('tea'), 3)), {
      code: 'internal',
      message: /could not load its compressor.*nothing-here/,
    });
  });

  it('cancels running work when it is closed', async (t) => {
    const pool = await openPool(t);
    const cancelled = assert.rejects(encodeAll(createCodec('gzip', 9, pool), new Endless()), { code: 'cancelled' });
    while (pool.threads === 0) await sleep(5);
    await pool.close();
    await cancelled;
    assert.equal(pool.threads, 0);
  });

  for (const when of ['finished', 'aborted'] as const) {
    it(`keeps no process alive once the work is ${when}`, async (t) => {
      const file = join(await temporaryFolder(t), 'program.ts');
      const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
      await writeFile(
        file,
        `import { createCodec } from ${here('../../../../src/core/compress/codecs.ts')};
         import { WorkerPool } from ${here('../../../../src/core/compress/encoder/workerPool.ts')};
         const pool = new WorkerPool({
           worker: ${JSON.stringify(workerFile)}, deflate: ${JSON.stringify(await buildWasm())}, idleMs: 3_600_000,
         });
         const cancel = new AbortController();
         async function* tar() { for (let i = 0; i < 40; i++) yield new Uint8Array(1_000_000); }
         try {
           let pieces = 0;
           for await (const piece of createCodec('gzip', 6, pool).encode(tar(), { signal: cancel.signal })) {
             if (++pieces === 5 && ${String(when === 'aborted')}) cancel.abort();
           }
           console.log('finished');
         } catch (error) { console.log(error.code === 'cancelled' ? 'aborted' : error); }`,
      );
      const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
      t.after(() => child.kill());
      const said = await child.stdout.toArray();
      assert.equal(
        Buffer.concat(said as Buffer[])
          .toString()
          .trim(),
        when,
      );
      if (child.exitCode === null) await once(child, 'exit');
      assert.equal(child.exitCode, 0);
    });
  }

  it('runs the bundled script as well', async (t) => {
    const outfile = join(await temporaryFolder(t), 'compressWorker.cjs');
    const entryPoints = [fileURLToPath(new URL(workerFile, 'file:'))];
    await bundle({ entryPoints, outfile, bundle: true, format: 'cjs', platform: 'node', target: 'node22' });
    const bytes = mixedBytes(2 * mebibyte, 47);
    const bundled = await encodeAll(
      createCodec('gzip', 1, await openPool(t, { worker: outfile })),
      inChunks(bytes, 9999),
    );
    const plain = await encodeAll(createCodec('gzip', 1, await openPool(t)), inChunks(bytes, 9999));
    assert.ok(bundled.equals(plain));
  });
});
