import { alternate, deadline, longestPush, type Bench } from '../rig/bench.ts';
import { distributionProvider, reachedBy } from '../rig/benchRegistry.ts';
import { dockerPush, teaChest, teaChestVariants, type Tool } from '../rig/pusher.ts';
import { startShapedLink, type LinkShape } from '../rig/shapedLink.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchCase } from './benchCase.ts';
import { toolsFor } from './coldPush.ts';

/** 20 Mbit/s each way, 80 ms round trip. */
const home: LinkShape = { bytesPerSecond: 20e6 / 8, delayMs: 40, buffers: false };
const gigabit: LinkShape = { bytesPerSecond: 1e9 / 8, delayMs: 0.5, buffers: false };

const { gzip, zstd, auto } = teaChestVariants;

/** Over a link such as people have at home. */
export const slowLinkCase: BenchCase = {
  name: 'slow-link',
  titles: { 'slow-link': 'A link of 20 Mbit/s with a round trip of 80 ms, image of 40 MB' },
  run: async (bench) => {
    const { engine, images } = await bench.classic();
    const image = await images.ofSize(bench.quick ? 10 : 40);
    await alternate(bench, {
      name: 'slow-link',
      tools: toolsFor(bench, 'classic', [gzip, zstd, auto]),
      rounds: bench.rounds,
      run: (tool) => pushOver(home, tool, engine, image),
    });
  },
};

/** containerd's store over a gigabit: its engine sends what it stores, so the link is all that counts. */
export const gigabitCase: BenchCase = {
  name: 'gigabit-containerd',
  titles: { 'gigabit-containerd': 'Cold push: containerd store over a link of 1 Gbit/s' },
  largeImageOf: 'containerd',
  run: async (bench) => {
    const { engine, images } = await bench.containerd();
    const image = await images.app();
    await alternate(bench, {
      name: 'gigabit-containerd',
      tools: [dockerPush, teaChest(gzip, bench.profileFolder)],
      rounds: bench.rounds,
      run: (tool) => pushOver(gigabit, tool, engine, image),
    });
  },
};

async function pushOver(
  shape: LinkShape,
  tool: Tool,
  engine: Awaited<ReturnType<Bench['classic']>>['engine'],
  image: string,
): Promise<Measurement> {
  const registry = await distributionProvider.open();
  const link = await startShapedLink(registry.connection.host, shape);
  try {
    const pusher = await tool.open(engine, reachedBy(registry, link.host));
    try {
      const signal = deadline(tool.name, longestPush);
      const measurement = await pusher.push([image], `${registry.prefix}app`, '1', { signal });
      // On the line, headers and all.
      return { ...measurement, uploadedBytes: link.bytesUp };
    } finally {
      await pusher.close();
    }
  } finally {
    await link.close();
    await registry.stop();
  }
}
