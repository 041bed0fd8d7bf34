import { createCloser } from '../../test/tools/closer.ts';
import { startNginx, type NginxOptions } from '../../test/tools/nginx.ts';
import { alternate, deadline, type Bench } from '../rig/bench.ts';
import { distributionProvider, reachedBy } from '../rig/benchRegistry.ts';
import { teaChestVariants, type Tool } from '../rig/pusher.ts';
import { startShapedLink, type LinkShape } from '../rig/shapedLink.ts';
import type { Measurement } from '../report/row.ts';
import type { BenchCase } from './benchCase.ts';
import { toolsFor } from './coldPush.ts';

interface Obstacle {
  readonly name: string;
  readonly megabytes: number;
  readonly nginx: NginxOptions;
  /** How fast the registry behind it stores what it is given; undefined: as fast as it can. */
  readonly storage: LinkShape | undefined;
  /** Whoever is not through by then is stopped, ms. */
  readonly limitMs: number;
  /** Each tool has an obstacle of its own, and what takes the time is waiting: all can go at once. */
  readonly isSideBySide: boolean;
}

const { gzip } = teaChestVariants;

/** nginx as it comes: no body of more than 1 MB. */
export const bodyLimitCase: BenchCase = {
  name: 'body-limit',
  titles: { 'body-limit': 'nginx with its usual limit of 1 MB a body' },
  run: (bench) =>
    pushThrough(bench, {
      name: 'body-limit',
      megabytes: 40,
      nginx: { bodyLimit: '1m', timeoutSeconds: 60 },
      storage: undefined,
      limitMs: bench.quick ? 30_000 : 120_000,
      isSideBySide: false,
    }),
};

/**
 * A gateway that waits 60 s for an answer, before a registry that takes what it is given and stores it so slowly that a
 * whole layer needs half as long again. Quick: both three times as fast.
 */
export const gatewayTimeoutCase: BenchCase = {
  name: 'gateway-timeout',
  titles: { 'gateway-timeout': 'nginx that waits 60 s, before slow storage' },
  run: (bench) => {
    const timeoutSeconds = bench.quick ? 20 : 60;
    const megabytes = 80;
    // Less than half of the bytes are left after compression.
    const bytesPerSecond = (megabytes * 1e6 * 0.42) / (timeoutSeconds * 1.5);
    return pushThrough(bench, {
      name: 'gateway-timeout',
      megabytes,
      nginx: { bodyLimit: '0', timeoutSeconds },
      storage: { bytesPerSecond, delayMs: 0, buffers: true },
      limitMs: 4 * timeoutSeconds * 1000,
      isSideBySide: true,
    });
  },
};

async function pushThrough(bench: Bench, obstacle: Obstacle): Promise<void> {
  const { engine, images } = await bench.classic();
  const image = await images.ofSize(obstacle.megabytes);
  await alternate(bench, {
    name: obstacle.name,
    tools: toolsFor(bench, 'classic', [gzip]),
    // Who cannot get through does not get through three times.
    rounds: 1,
    isSideBySide: obstacle.isSideBySide,
    run: (tool) => pushOnce(tool, engine, image, obstacle),
  });
}

async function pushOnce(
  tool: Tool,
  engine: Awaited<ReturnType<Bench['classic']>>['engine'],
  image: string,
  { nginx, storage, limitMs }: Obstacle,
): Promise<Measurement> {
  const closer = createCloser();
  try {
    const registry = await distributionProvider.open();
    closer.add(() => registry.stop());
    let server = registry.connection.host;
    if (storage !== undefined) {
      const link = await startShapedLink(server, storage);
      closer.add(() => link.close());
      server = link.host;
    }
    const proxy = await startNginx(server, nginx);
    closer.add(() => proxy.stop());
    const pusher = await tool.open(engine, reachedBy(registry, proxy.host));
    closer.add(() => pusher.close());
    const before = await registry.storedBytes();
    const signal = deadline(tool.name, limitMs);
    const measurement = await pusher.push([image], `${registry.prefix}app`, '1', { signal });
    const after = await registry.storedBytes();
    return { ...measurement, uploadedBytes: (after ?? 0) - (before ?? 0) };
  } finally {
    await closer.close();
  }
}
