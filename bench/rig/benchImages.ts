import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { pack } from 'tar-stream';
import type { Engine } from '../../test/tools/engine.ts';
import { buildImage, inspectImage } from '../../test/tools/images.ts';
import { machineFiles } from '../../test/tools/machineFiles.ts';

/** The images of one engine, each built when it is first asked for, of real files of this machine. */
export interface BenchImages {
  /** The large image in three layers. */
  app(): Promise<string>;
  /** The image with one more small layer, another one with each call. */
  changed(base: string): Promise<string>;
  /** The same files in layers that nobody has seen before, another image with each call; to be dropped after use. */
  unseenApp(): Promise<string>;
  /** About so many megabytes, in layers of 2 GB at most; the large image itself where that is about as large. */
  ofSize(megabytes: number): Promise<string>;
  /** So many images on one base of 100 MB, each with 1 MB of its own. */
  onOneBase(count: number): Promise<readonly string[]>;
  /** So many layers, 256 kB each. */
  ofLayers(count: number): Promise<string>;
  drop(image: string): Promise<void>;
}

/** Bytes of a small change: what a day's build changes in the last layer. */
const changeBytes = 1024 * 1024;

/** Of each layer of an image with many, bytes. */
const smallLayer = 256 * 1024;

/** Of the large image, base first. */
const shares = [0.55, 0.3, 0.15];

export async function prepareBenchImages(engine: Engine, appMegabytes: number): Promise<BenchImages> {
  const made = new Map<string, Promise<string>>();
  const once = (image: string, make: () => Promise<unknown>): Promise<string> => {
    const known = made.get(image) ?? make().then(() => image);
    made.set(image, known);
    return known;
  };
  const app = (): Promise<string> =>
    once('bench/app:1', async () => {
      const megabytes = Math.min(appMegabytes, Math.floor((await megabytesHere()) * 0.95));
      await buildImage(engine, {
        tags: ['bench/app:1'],
        layers: shares.map((share) => ({ megabytes: megabytes * share })),
      });
    });
  const appSize = async (): Promise<number> => (await inspectImage(engine, await app())).size / 1e6;
  let changes = 0;

  return {
    app,
    changed: async (base) => {
      const name = `bench/app:change-${++changes}`;
      const head = Buffer.from(`change ${changes} ${randomUUID()}\n`);
      const start = changes * changeBytes;
      const code = await buffer(
        createReadStream(process.execPath, { start, end: start + changeBytes - head.length - 1 }),
      );
      await buildFrom(engine, name, [`FROM ${base}`, 'COPY change /change'], {
        change: Buffer.concat([head, code]),
      });
      return name;
    },
    unseenApp: async () => {
      await app();
      const folder = randomUUID();
      const name = `bench/unseen:${folder}`;
      await buildFrom(engine, name, [
        'FROM bench/app:1 AS app',
        'FROM scratch',
        ...shares.map((_, layer) => `COPY --from=app /layer${layer} /${folder}/layer${layer}`),
        'CMD ["/none"]',
      ]);
      return name;
    },
    ofSize: async (megabytes) => {
      // Another image of the same size would be built for nothing.
      if (megabytes > 100 && Math.abs((await appSize()) - megabytes) <= megabytes / 10) return app();
      return once(`bench/size:${megabytes}`, async () => {
        if (megabytes <= 100) {
          await buildImage(engine, { tags: [`bench/size:${megabytes}`], layers: [{ megabytes }] });
          return;
        }
        const whole = await appSize();
        await buildFrom(engine, `bench/size:${megabytes}`, [
          'FROM bench/app:1 AS app',
          'FROM bench/app:1',
          ...copies(megabytes - whole, whole).map((layer, at) => `COPY --from=app /layer${layer} /copy${at}`),
        ]);
      });
    },
    onOneBase: async (count) => {
      const base = await once('bench/base:100', async () => {
        await buildImage(engine, { tags: ['bench/base:100'], layers: [{ megabytes: 100 }] });
      });
      const pieces = await machineBytes(count, changeBytes);
      return await Promise.all(
        pieces.map((piece, at) =>
          once(`bench/service-${at}:1`, () =>
            buildFrom(engine, `bench/service-${at}:1`, [`FROM ${base}`, 'COPY own /own'], { own: piece }),
          ),
        ),
      );
    },
    ofLayers: (count) =>
      once(`bench/layers:${count}`, async () => {
        const pieces = await machineBytes(count, smallLayer);
        await buildImage(engine, {
          tags: [`bench/layers:${count}`],
          layers: pieces.map((piece, at) => ({ files: { [`part${at}`]: piece } })),
        });
      }),
    drop: async (image) => {
      made.delete(image);
      await engine.docker(['image', 'rm', '--force', image]);
    },
  };
}

/** Layers of the large image that come to so many megabytes, repeated. */
function copies(megabytes: number, whole: number): number[] {
  const layers: number[] = [];
  for (let left = megabytes; left > (whole * (shares[2] ?? 0)) / 2;) {
    const layer = shares.findIndex((share) => share * whole <= left * 1.1);
    if (layer < 0) break;
    layers.push(layer);
    left -= whole * (shares[layer] ?? 1);
  }
  return layers;
}

/** Pieces of so many bytes each, of one file after the other. */
async function machineBytes(count: number, size: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let rest = Buffer.alloc(0);
  for await (const file of machineFiles()) {
    if (pieces.length >= count) break;
    rest = Buffer.concat([rest, await readFile(file.path)]);
    for (; rest.byteLength >= size && pieces.length < count; rest = rest.subarray(size)) {
      pieces.push(rest.subarray(0, size));
    }
  }
  return pieces;
}

async function megabytesHere(): Promise<number> {
  let bytes = 0;
  for await (const file of machineFiles()) bytes += file.size;
  return bytes / 1024 / 1024;
}

async function buildFrom(
  engine: Engine,
  tag: string,
  dockerfile: readonly string[],
  files: Readonly<Record<string, Buffer>> = {},
): Promise<void> {
  const context = pack();
  context.entry({ name: 'Dockerfile' }, `${dockerfile.join('\n')}\n`);
  for (const [name, content] of Object.entries(files)) context.entry({ name, mtime: new Date(0) }, content);
  context.finalize();
  await engine.docker(['build', '--tag', tag, '-'], { input: context });
}
