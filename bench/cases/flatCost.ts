import { statfs } from 'node:fs/promises';
import { cacheFolder } from '../../test/tools/projectPaths.ts';
import { alternate, type BenchEngine, type Store } from '../rig/bench.ts';
import { step } from '../../test/tools/step.ts';
import { nothingMeasured } from '../report/row.ts';
import { distributionProvider } from '../rig/benchRegistry.ts';
import { teaChestVariants } from '../rig/pusher.ts';
import type { BenchCase } from './benchCase.ts';
import { pushCold, toolsFor } from './coldPush.ts';

const { gzip } = teaChestVariants;

const counts = [1, 40, 120] as const;

/** Many layers: what a layer costs beside its bytes. With one layer it is what the first push of a process costs. */
export function layersCase(suffix: string, store: Store): BenchCase {
  const title = (count: number): string =>
    `${count === 1 ? 'The first push of a process: 1 layer' : `${count} layers`} of 256 KiB, ${store} store`;
  return {
    name: `layers${suffix}`,
    titles: Object.fromEntries(counts.map((count) => [`layers-${count}${suffix}`, title(count)])),
    run: async (bench) => {
      const side = await bench[store]();
      for (const count of counts) {
        const image = await side.images.ofLayers(count);
        await alternate(bench, {
          name: `layers-${count}${suffix}`,
          tools: toolsFor(bench, store, [gzip]).filter(({ name }) => !name.startsWith('docker save')),
          // Over in a moment.
          rounds: bench.quick || count > 1 ? bench.rounds : 7,
          run: (tool) => pushCold(tool, side, distributionProvider, image),
        });
      }
    },
  };
}

/** Images of all sizes: Tea Chest’s memory and event-loop delay must not depend on the size. */
export const sizesCase: BenchCase = {
  name: 'sizes',
  titles: Object.fromEntries(['10MB', '200MB', '2GB', '10GB'].map((size) => [`size-${size}`, `An image of ${size}`])),
  largeImageOf: 'classic',
  run: async (bench) => {
    const side = await bench.classic();
    for (const megabytes of bench.quick ? [10, 200] : [10, 2000, 10_000]) {
      const name = megabytes < 1000 ? `size-${megabytes}MB` : `size-${megabytes / 1000}GB`;
      const tools = toolsFor(bench, 'classic', [gzip]).slice(-1);
      const missing = await missingRoom(megabytes);
      if (missing !== undefined) {
        for (const { name: tool } of tools) {
          bench.record({ case: name, tool, ...nothingMeasured, note: `skipped: ${missing}` });
        }
        continue;
      }
      await pushSize(bench, side, megabytes, { name, tools });
    }
  },
};

async function pushSize(
  bench: Parameters<BenchCase['run']>[0],
  side: BenchEngine,
  megabytes: number,
  task: { readonly name: string; readonly tools: ReturnType<typeof toolsFor> },
): Promise<void> {
  const image = await step(`${task.name}: the image`, () => side.images.ofSize(megabytes));
  try {
    await alternate(bench, { ...task, rounds: 1, run: (tool) => pushCold(tool, side, distributionProvider, image) });
  } finally {
    if (image !== (await side.images.app())) await side.images.drop(image);
  }
}

/** The image, the engine's own copy while it exports, our spool, the registry. */
async function missingRoom(megabytes: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(cacheFolder);
  const free = (bavail * bsize) / 1e6;
  return free > 4 * megabytes ? undefined : `it takes ${megabytes * 4} MB of disk, and ${Math.round(free)} MB are free`;
}
