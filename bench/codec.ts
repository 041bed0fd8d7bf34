// How fast layers are compressed, and how small they get:  node bench/codec.ts [--megabytes N] [--slow] [FOLDER | FILE]...
// Everything in one run, on tars of this machine's own files: first one thread without any stream around it, then the
// codecs as a push uses them. CPU time, since another process on the machine would spoil the time on the clock.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as zlib from 'node:zlib';
import { buildWasm } from '../scripts/buildWasm.mjs';
import { createCodec } from '../src/core/compress/codecs.ts';
import { codecCandidates } from '../src/core/compress/codecSpeeds.ts';
import type { CodecKind } from '../src/core/compress/codecs.ts';
import {
  Deflater,
  deflateBlockSize,
  deflateOutputRoom,
  historySize,
  webAssembly,
} from '../src/core/compress/encoder/deflate/deflater.ts';
import { WorkerPool } from '../src/core/compress/encoder/workerPool.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { megabytes: { type: 'string', default: '64' }, slow: { type: 'boolean', default: false } },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const paths = positionals.length > 0 ? positionals : ['/usr/lib', `${root}node_modules`, '/usr/bin'];
const limit = Number(values.megabytes) * 1e6;

/** Evenly spread pieces of the tar of a folder, `limit` bytes in all. */
async function sample(path: string): Promise<Uint8Array> {
  const tar = spawn('tar', ['-C', dirname(path), '--sort=name', '-cf', '-', basename(path)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of tar.stdout as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > 1.5e9) break;
  }
  tar.kill();
  const all = Buffer.concat(pieces);
  if (all.byteLength <= limit) return all;
  const parts = 16;
  const size = Math.floor(limit / parts / 512) * 512;
  const step = Math.floor((all.byteLength - size) / (parts - 1) / 512) * 512;
  return Buffer.concat(Array.from({ length: parts }, (_, part) => all.subarray(part * step, part * step + size)));
}

/** Levels that `auto` never chooses; they take minutes. */
const slowLevels: readonly [CodecKind, number][] = [
  ['gzip', 6],
  ['gzip', 9],
  ['zstd', 9],
  ['zstd', 12],
  ['zstd', 17],
  ['zstd', 19],
];

interface Figures {
  readonly what: string;
  readonly ratio: number;
  /** Million bytes of input a second, of CPU time and on the clock. */
  readonly perCpu: number;
  readonly perClock: number;
  readonly note?: string;
}

async function measure(
  what: string,
  bytes: Uint8Array,
  times: number,
  work: () => number | Promise<number>,
): Promise<Figures> {
  let [cpu, clock, size] = [Infinity, Infinity, 0];
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    size = await work();
    const { user, system } = process.cpuUsage(before);
    cpu = Math.min(cpu, (user + system) / 1000);
    clock = Math.min(clock, performance.now() - startedAt);
  }
  const rate = (ms: number): number => bytes.byteLength / 1000 / ms;
  return { what, ratio: size / bytes.byteLength, perCpu: rate(cpu), perClock: rate(clock) };
}

/** One thread, nothing but the encoder. */
async function encoders(bytes: Uint8Array, deflater: Deflater): Promise<Figures[]> {
  const rows: Figures[] = [];
  for (const level of [1, 6]) {
    rows.push(
      await measure(`node:zlib, level ${level}`, bytes, 2, () => zlib.deflateRawSync(bytes, { level }).byteLength),
    );
  }
  for (const level of [1, 2, 4, 6, 9]) {
    const work = (): number => {
      let size = 0;
      const output = new Uint8Array(deflateOutputRoom);
      for (let at = 0; at < bytes.byteLength; at += deflateBlockSize) {
        const history = Math.min(at, historySize);
        const end = Math.min(at + deflateBlockSize, bytes.byteLength);
        const isLast = end === bytes.byteLength;
        size += deflater.compress(bytes.subarray(at - history, end), history, isLast, level, output);
      }
      return size;
    };
    rows.push(await measure(`ours, level ${level}`, bytes, level === 1 ? 5 : level < 9 ? 2 : 1, work));
  }
  return rows;
}

/** The codecs on threads, fed as an export feeds them. */
async function codecs(bytes: Uint8Array, size: number): Promise<Figures[]> {
  const pool = new WorkerPool({
    worker: new URL('../src/core/compress/encoder/compressWorker.ts', import.meta.url),
    deflate: await buildWasm(),
    size,
  });
  async function* tar(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += 65_536) {
      if (at % (16 * 65_536) === 0) await new Promise(setImmediate);
      yield bytes.subarray(at, at + 65_536);
    }
  }
  const kinds: [CodecKind, number | undefined][] = [
    ...codecCandidates.map(({ kind, level }): [CodecKind, number | undefined] => [kind, level]),
    ...(values.slow ? slowLevels : []),
  ];
  const rows: Figures[] = [];
  for (const [kind, level] of kinds) {
    const codec = createCodec(kind, level, pool);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const before = process.memoryUsage.rss();
    let peak = before;
    delay.enable();
    const figures = await measure(`${codec.id}, ${size} threads`, bytes, codec.isSlow === true ? 1 : 3, async () => {
      let out = 0;
      for await (const piece of codec.encode(tar(), { signal: new AbortController().signal })) {
        out += piece.byteLength;
        peak = Math.max(peak, process.memoryUsage.rss());
      }
      return out;
    });
    delay.disable();
    const note = `event loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, ${((peak - before) / 1e6).toFixed(0)} MB above start`;
    rows.push({ ...figures, note });
  }
  await pool.close();
  return rows;
}

const deflater = new Deflater(await webAssembly.compile(await readFile(await buildWasm())));
for (const path of paths) {
  const bytes = await sample(path);
  console.log(`\n${path} (${(bytes.byteLength / 1e6).toFixed(0)} MB)              ratio  MB/s of CPU  on the clock`);
  const threads = [...new Set([1, Math.min(availableParallelism(), 4)])];
  const rows = await encoders(bytes, deflater);
  for (const size of threads) rows.push(...(await codecs(bytes, size)));
  for (const { what, ratio, perCpu, perClock, note } of rows) {
    const numbers = [ratio.toFixed(3).padStart(7), perCpu.toFixed(0).padStart(12), perClock.toFixed(0).padStart(13)];
    console.log(`  ${what.padEnd(32)}${numbers.join('')}${note === undefined ? '' : `  ${note}`}`);
  }
}
